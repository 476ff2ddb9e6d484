//! A result in an index.

use crate::view::Origin;

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its folder relative to the index, with `/` between parts.
    pub folder: String,
    /// What it found, in one sentence.
    pub headline: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether its folder has its page.
    pub page: bool,
}
