//! The size of an image.

/// A size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Number of rows.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
}
