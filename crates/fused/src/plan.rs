//! Everything that a resize from one size to another needs, arranged for one layout and one level.

use crate::{
    Error, Filter, Layout, Level, Size,
    axis::Axis,
    kind::KernelKind,
    passes::{Horizontal, Vertical},
    tables::quads::LARGEST_WEIGHT,
};

/// The widest row, in source pixels, for which a program is built. Wider rows use the portable kernel, whose
/// tables grow by 4 bytes per source pixel instead of 24.
const WIDEST_PROGRAM: usize = 1 << 17;

/// The weights of a resize, arranged for the kernel that will run it. Making a plan takes a considerable part
/// of the time of resizing an image, so plans should be reused; [`crate::PlanCache`] keeps them.
#[derive(Debug)]
pub struct Plan {
    pub(crate) input: Size,
    pub(crate) output: Size,
    pub(crate) layout: Layout,
    pub(crate) level: Level,
    pub(crate) kernel: KernelKind,
    pub(crate) horizontal: Horizontal,
    pub(crate) vertical: Vertical,
}

impl Plan {
    /// Plans the resize of `layout` images from `input` to `output` pixels at `level`. The two sizes may be
    /// equal; pixels are then unchanged.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::TooLarge`] for sizes that no image can have, [`Error::Level`] for a
    /// level that this machine does not support.
    pub fn new(
        input: Size,
        output: Size,
        layout: Layout,
        filter: Filter,
        level: Level,
    ) -> Result<Self, Error> {
        input.check()?;
        output.check()?;
        level.check()?;
        let horizontal = Axis::new(input.width, output.width, filter);
        let vertical = Axis::new(input.height, output.height, filter);
        let kernel = choose(level, &horizontal, &vertical);
        Ok(Self {
            input,
            output,
            layout,
            level,
            kernel,
            horizontal: Horizontal::new(horizontal, layout, kernel),
            vertical: Vertical::new(vertical, kernel),
        })
    }

    /// The size of the images that this plan resizes.
    pub fn input(&self) -> Size {
        self.input
    }

    /// The size that images are resized to.
    pub fn output(&self) -> Size {
        self.output
    }

    /// The level that the plan was made for.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// The kernel of a level, or a more general one if the weights do not suit it.
fn choose(level: Level, horizontal: &Axis, vertical: &Axis) -> KernelKind {
    let split = horizontal.largest <= LARGEST_WEIGHT && vertical.largest <= LARGEST_WEIGHT;
    match level {
        _ if horizontal.input > WIDEST_PROGRAM => KernelKind::Portable,
        Level::Portable => KernelKind::Portable,
        Level::Avx2 => KernelKind::Avx2,
        Level::Avx512 => KernelKind::Avx512,
        Level::Avx512Vnni if split => KernelKind::Vnni,
        Level::Avx512Vnni => KernelKind::Avx512,
    }
}
