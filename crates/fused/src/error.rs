//! Inputs that cannot be processed.

use crate::{Layout, Size};

/// Every reason for which an image, a size or a buffer is refused. Functions for one image return an error
/// before they write anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A side of the image or of the requested size is zero.
    #[error("an image of {width}x{height} px has no pixels")]
    Empty {
        /// Number of rows.
        height: usize,
        /// Pixels per row.
        width: usize,
    },
    /// The image or the requested size has more than 2^31 pixels.
    #[error("an image of {width}x{height} px has more than 2^31 pixels")]
    TooLarge {
        /// Number of rows.
        height: usize,
        /// Pixels per row.
        width: usize,
    },
    /// The stride would make rows or planes overlap.
    #[error("a {what} stride of {stride} bytes is less than the {needed} bytes of a row")]
    StrideTooSmall {
        /// `row` or `plane`.
        what: &'static str,
        /// The given stride in bytes.
        stride: usize,
        /// The smallest valid stride in bytes.
        needed: usize,
    },
    /// The slice of pixels ends before the image does.
    #[error("the image takes {needed} bytes, but its pixels have {length}")]
    SliceTooShort {
        /// Bytes in the slice.
        length: usize,
        /// Bytes from the first pixel to the end of the last one.
        needed: usize,
    },
    /// The plan was made for other images.
    #[error("a plan for {planned_layout:?} images of {planned:?} was given a {layout:?} image of {given:?}")]
    OtherImage {
        /// Size that the plan is for.
        planned: Size,
        /// Layout that the plan is for.
        planned_layout: Layout,
        /// Size of the image.
        given: Size,
        /// Layout of the image.
        layout: Layout,
    },
    /// The output size is not a whole number of patches.
    #[error(
        "{width}x{height} px cannot be cut into patches of {patch_size} px; set do_resize or give sides that are \
         multiples of {patch_size}", width = size.width, height = size.height
    )]
    Patches {
        /// Output size in pixels.
        size: Size,
        /// Pixels along the side of a patch.
        patch_size: usize,
    },
    /// The output slice is too short.
    #[error("the output needs {needed} samples, but has {length}")]
    OutputTooShort {
        /// Samples in the slice.
        length: usize,
        /// Samples needed.
        needed: usize,
    },
    /// The image does not have the requested patch rows.
    #[error("patch rows {start}..{end} were requested of an image that has {rows}")]
    PatchRows {
        /// First requested row.
        start: usize,
        /// One past the last requested row.
        end: usize,
        /// Patch rows of the image.
        rows: usize,
    },
    /// A level that this machine does not support, or a name that is not a level.
    #[error("{0}")]
    Level(String),
}
