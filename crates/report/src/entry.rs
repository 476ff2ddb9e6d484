//! A result in an index.

use crate::view::Origin;

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its folder below the index, with `/` between.
    pub folder: String,
    /// What it found.
    pub headline: String,
    /// What it was taken on.
    pub origin: Origin,
    /// Whether its page lies in its folder.
    pub page: bool,
}
