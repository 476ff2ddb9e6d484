//! Why a file has no pixels, or none from this crate.

use crate::limits::{self, MAX_PIXELS, MAX_SIDE};

/// A file that no decoder is asked to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are no bytes.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// The header claims a size beyond the limits.
    #[error(
        "it claims to be {width}x{height} pixels, over the limit of {MAX_SIDE} px per side and {} million pixels",
        MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A JPEG with more scans than any encoder writes, each of which goes over the whole image.
    #[error("it is a JPEG of {width}x{height} pixels in {scans} scans, which no encoder writes")]
    TooManyScans {
        /// Scans in the file.
        scans: u32,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
}

impl Error {
    /// Refuses an image that is too large.
    pub(crate) fn check_size(width: u32, height: u32) -> Result<(), Self> {
        if limits::holds(width, height) { Ok(()) } else { Err(Self::TooLarge { width, height }) }
    }

    /// Refuses a JPEG that takes too long.
    pub(crate) fn check_scans(scans: u32, width: u32, height: u32) -> Result<(), Self> {
        if limits::holds_scans(scans, width, height) {
            Ok(())
        } else {
            Err(Self::TooManyScans { scans, width, height })
        }
    }
}

/// Why this crate leaves a file to the loader itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Neither a JPEG nor a PNG.
    #[error("neither a JPEG nor a PNG")]
    Format,
    /// A kind of JPEG or PNG of which the loaders' pixels differ or are not reproduced here.
    #[error("{0}")]
    Kind(&'static str),
    /// A kind of JPEG that most decoders do not read at all.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The file is not put together as encoders do it, or is cut.
    #[error("{0}")]
    Structure(&'static str),
    /// A JPEG, where libjpeg-turbo was built without SIMD; see [`SIMD`](crate::SIMD).
    #[error("a JPEG, for which libjpeg-turbo was built without SIMD")]
    NoSimd,
    /// The decoder reported an error or a warning.
    #[error("the decoder reports: {0}")]
    Decoder(String),
}
