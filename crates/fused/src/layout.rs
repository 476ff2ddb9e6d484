//! How the channels of a pixel lie in memory.

/// How the channels of a pixel lie in memory. Every channel has 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `[height, width, 3]`: red, green, blue.
    Rgb,
    /// `[height, width, 4]`: red, green, blue and a byte that is ignored, as Pillow stores RGB.
    Rgbx,
    /// `[3, height, width]`: one plane each for red, green and blue.
    Planar,
}

impl Layout {
    /// Bytes from one pixel to the next in the same row.
    pub(crate) fn pitch(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgbx => 4,
            Self::Planar => 1,
        }
    }

    /// Used channels per pixel of a row.
    pub(crate) fn channels(self) -> usize {
        if self == Self::Planar { 1 } else { 3 }
    }

    /// Planes per image.
    pub(crate) fn planes(self) -> usize {
        if self == Self::Planar { 3 } else { 1 }
    }
}
