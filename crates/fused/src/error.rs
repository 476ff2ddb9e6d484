//! What cannot be served.

use crate::{Layout, Size};

/// Every way in which an image, a size or a buffer is refused. Nothing has been written when one is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A side of the image, or of the size asked for, is zero.
    #[error("a size of {height}x{width} pixels has no pixels")]
    Empty {
        /// Rows.
        height: usize,
        /// Pixels in a row.
        width: usize,
    },
    /// More than 2^31 pixels.
    #[error("{height}x{width} is more than 2^31 pixels")]
    TooLarge {
        /// Rows.
        height: usize,
        /// Pixels in a row.
        width: usize,
    },
    /// A stride that would make rows or planes overlap.
    #[error("a {what} stride of {stride} bytes is less than the {needed} that {what}s take")]
    StrideTooSmall {
        /// `row` or `plane`.
        what: &'static str,
        /// The stride given, in bytes.
        stride: usize,
        /// The least that serves, in bytes.
        needed: usize,
    },
    /// The pixels end before the image does.
    #[error("{length} bytes of pixels where the image takes {needed}")]
    SliceTooShort {
        /// Bytes given.
        length: usize,
        /// Bytes that the last pixel reaches to.
        needed: usize,
    },
    /// The plan was made for other images.
    #[error("a plan for {planned_layout:?} images of {planned:?} was given a {layout:?} image of {given:?}")]
    OtherImage {
        /// Size that the plan takes.
        planned: Size,
        /// Layout that the plan takes.
        planned_layout: Layout,
        /// Size of the image.
        given: Size,
        /// Layout of the image.
        layout: Layout,
    },
    /// The output size is no whole number of patches.
    #[error(
        "{width}x{height} px cannot be cut into patches of {patch_size} px; set do_resize or give sides that are \
         multiples of {patch_size}", width = size.width, height = size.height
    )]
    Patches {
        /// Output size in pixels.
        size: Size,
        /// Pixels on a patch's side.
        patch_size: usize,
    },
    /// The output slice does not fit.
    #[error("{length} samples of output where {needed} are needed")]
    OutputTooShort {
        /// Samples given.
        length: usize,
        /// Samples needed.
        needed: usize,
    },
    /// A range of patch rows that the image does not have.
    #[error("patch rows {start}..{end} of an image that has {rows}")]
    PatchRows {
        /// First row asked for.
        start: usize,
        /// One past the last.
        end: usize,
        /// Rows of patches.
        rows: usize,
    },
    /// A level that this machine cannot run, or no level at all.
    #[error("{0}")]
    Level(String),
}
