//! A decoded image, or none.

use crate::Doubt;

/// Interleaved RGB with 8 bits per channel, upright.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels in a row; at least 1.
    pub width: usize,
    /// Rows; at least 1.
    pub height: usize,
    /// `height · width · 3` bytes, rows top to bottom, channels red, green, blue.
    pub rgb: Vec<u8>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Native {
    /// The pixels that the loader gives.
    Pixels(Pixels),
    /// The loader itself has to decide.
    Undecided(Doubt),
}
