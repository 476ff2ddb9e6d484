//! Errors that end a check without a result.

use std::fmt;

/// An input that cannot be read: which file, which line if known, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unreadable {
    /// The file or folder, from the root of the workspace.
    pub file: String,
    /// The line, counted from one.
    pub line: Option<usize>,
    /// What is wrong, and what to do about it.
    pub reason: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file, self.reason),
            None => write!(out, "{}: {}", self.file, self.reason),
        }
    }
}

/// All inputs of a check that cannot be read, so that they can be corrected together.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(Unreadable::to_string).collect::<Vec<_>>().join("\n"))]
pub struct AllUnreadable(pub Vec<Unreadable>);
