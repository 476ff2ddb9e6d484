//! The kinds of kernel, and what a plan needs to know about each of them.

use crate::{
    Layout,
    program::Shape,
    tables::{pairs, quads},
};

/// Rows that one call of the horizontal pass resizes. A block's tables are loaded once for all of them, so
/// with eight rows the loads cost little.
pub(crate) const ROWS: usize = 8;

/// The kinds of kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KernelKind {
    Vnni,
    Avx512,
    Avx2,
    Portable,
}

impl KernelKind {
    /// Rows per group.
    pub fn group(self) -> usize {
        if self == Self::Vnni { 4 } else { 2 }
    }

    /// Groups that one call of the horizontal pass makes.
    pub fn groups(self) -> usize {
        ROWS / self.group()
    }

    /// The vectors of its horizontal pass; `None` if it does not use a program.
    pub fn shape(self, layout: Layout) -> Option<Shape> {
        let (window, lanes) = match self {
            Self::Vnni => (quads::WINDOW, quads::LANES),
            Self::Avx512 | Self::Avx2 => (pairs::WINDOW, pairs::LANES),
            Self::Portable => return None,
        };
        Some(Shape { window, lanes, pitch: layout.pitch(), channels: layout.channels() })
    }

    /// Packs the weights of a group's rows in the form that its vertical pass uses.
    pub fn row_weights(self, weight: impl Fn(usize) -> i16) -> [u32; 2] {
        if self == Self::Vnni {
            quads::split([weight(0), weight(1), weight(2), weight(3)])
        } else {
            [pairs::pack(weight(0), weight(1)), 0]
        }
    }

    /// Bytes that the horizontal pass may read from the start of a row, even if the row is shorter.
    pub fn window(self) -> usize {
        match self {
            Self::Vnni => quads::WINDOW,
            Self::Avx512 | Self::Avx2 => pairs::WINDOW,
            Self::Portable => 0,
        }
    }
}
