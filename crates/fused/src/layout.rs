//! How the channels of a pixel lie in memory.

/// How the channels of a pixel lie in memory; all are 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `[height, width, 3]`: red, green, blue.
    Rgb,
    /// `[height, width, 4]`: red, green, blue and a byte that is ignored, as Pillow stores RGB.
    Rgbx,
    /// `[3, height, width]`: a plane each of red, green, blue.
    Planar,
}

impl Layout {
    /// Bytes from a pixel to the next one in its row.
    pub(crate) fn pitch(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgbx => 4,
            Self::Planar => 1,
        }
    }

    /// Channels that lie side by side in a row and are used.
    pub(crate) fn channels(self) -> usize {
        if self == Self::Planar { 1 } else { 3 }
    }

    /// Planes of an image.
    pub(crate) fn planes(self) -> usize {
        if self == Self::Planar { 3 } else { 1 }
    }
}
