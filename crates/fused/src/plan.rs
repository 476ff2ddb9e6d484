//! All that a resize from one size to another needs, arranged for one layout and one level.

use crate::{
    Error, Filter, Layout, Level, Size,
    axis::Axis,
    kind::KernelKind,
    passes::{Horizontal, Vertical},
    tables::quads::LARGEST_WEIGHT,
};

/// Wider rows take the portable kernel, whose tables grow by 4 bytes a source pixel where others' grow by 24.
const WIDEST_PROGRAM: usize = 1 << 17;

/// The weights of a resize in the arrangement of the kernels that will run it. Plans cost tens of
/// microseconds: keep them, as [`crate::PlanCache`] does.
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
    /// Plans the resize of `layout` images from `input` to `output` pixels at `level`. Equal sizes are
    /// served too, and change nothing.
    ///
    /// # Errors
    /// [`Error::Empty`] and [`Error::TooLarge`] for sizes that no image can have, [`Error::Level`] for a
    /// level that this machine lacks.
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

    /// The size that images must have, in pixels.
    pub fn input(&self) -> Size {
        self.input
    }

    /// The size that they are resized to, in pixels.
    pub fn output(&self) -> Size {
        self.output
    }

    /// The level that runs it.
    pub fn level(&self) -> Level {
        self.level
    }
}

/// The kernels of a level, or the next ones where the weights do not suit them.
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
