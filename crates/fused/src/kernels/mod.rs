//! The two passes, once for each level, behind one trait.
//!
//! The horizontal pass turns a few source rows into groups: one dword for each output sample (red, green,
//! blue of a pixel side by side, whatever the source's layout) that holds the sample in each of the group's
//! rows, as bytes of four rows or as 16 bits of two. That is the operand that the vertical pass's dot product
//! takes, so nothing is shuffled between the passes.

#![allow(
    clippy::needless_range_loop,
    reason = "registers are numbered: the same row or vector of several arrays"
)]

pub(crate) mod pairs;
pub(crate) mod portable;
pub(crate) mod quads;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_sums;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_out;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod vnni_sums;

use crate::{
    Layout,
    normalize::{Arithmetic, CYCLE},
    plan::Horizontal,
    program::Shape,
};

#[cfg(target_arch = "x86_64")]
pub(crate) use self::{avx2::Avx2, avx512::Avx512, vnni::Vnni};
pub(crate) use portable::Portable;

/// Rows that a call of the horizontal pass takes: enough that a block's tables, loaded once for all of them,
/// cost little.
pub(crate) const ROWS: usize = 8;

/// The most groups that these rows make.
pub(crate) const MOST_GROUPS: usize = ROWS / 2;

/// Dwords beyond a group's samples that a kernel may write or read: it works in whole vectors.
pub(crate) const SLACK: usize = 2 * CYCLE;

/// Source rows and where their groups go.
pub(crate) struct Rows<'a> {
    pub plan: &'a Horizontal,
    pub layout: Layout,
    /// The first plane of each row. Each points to as many bytes as the plan's rows have, or to a window
    /// where that is more; the other planes lie `plane_stride` apart.
    pub rows: [*const u8; ROWS],
    pub plane_stride: usize,
    /// Bytes from each row to the one that is wanted in the next call, to be fetched meanwhile.
    pub ahead: usize,
    /// Each has room for the row's samples and [`SLACK`], and is aligned to 64 bytes. Entries beyond
    /// `ROWS / `[`Kernel::GROUP`] are not used.
    pub groups: [*mut u32; MOST_GROUPS],
}

/// One group in an output row's sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    /// Dwords from the ring's start to the group.
    pub offset: usize,
    /// As [`crate::plan::Vertical::entries`].
    pub weights: [u32; 2],
}

/// What an output row is summed from. Every group has [`SLACK`] dwords beyond its samples.
pub(crate) struct Sum<'a> {
    pub ring: *const u32,
    pub terms: &'a [Term],
    /// What the sums start from.
    pub rounding: i32,
    pub precision: u32,
    pub clamps: bool,
}

/// Where an output row's samples go: `runs` runs of `units * CYCLE` samples, `jump` samples from the start of
/// one to the start of the next.
pub(crate) struct Runs<T> {
    pub to: *mut T,
    pub units: usize,
    pub runs: usize,
    pub jump: usize,
    /// Whether stores bypass the caches; then `to` and `jump` are multiples of 64 bytes.
    pub streaming: bool,
}

/// One level's passes.
pub(crate) trait Kernel {
    /// Rows in a group.
    const GROUP: usize;
    /// Whether it computes what bytes become faster than they are looked up.
    const ARITHMETIC: bool = true;

    /// Resizes rows to their output width.
    ///
    /// # Safety
    /// The machine has the level, and the pointers are as [`Rows`] says.
    unsafe fn horizontal(rows: &Rows);

    /// Sums groups to an output row and normalises it.
    ///
    /// # Safety
    /// The machine has the level; every term's group has `units * runs * CYCLE` dwords in the ring; every run
    /// may be written.
    unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>);

    /// Sums groups to an output row of bytes.
    ///
    /// # Safety
    /// As for [`Kernel::floats`].
    unsafe fn bytes(sum: &Sum, runs: &Runs<u8>);
}

/// Makes streaming stores visible to other threads.
pub(crate) fn fence() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every x86-64 has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// The kernels there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KernelKind {
    Vnni,
    Avx512,
    Avx2,
    Portable,
}

impl KernelKind {
    /// Rows in a group.
    pub fn group(self) -> usize {
        if self == Self::Vnni { 4 } else { 2 }
    }

    /// Groups that one call of the horizontal pass makes.
    pub fn groups(self) -> usize {
        ROWS / self.group()
    }

    /// The vectors of its horizontal pass; none where it has no program.
    pub fn shape(self, layout: Layout) -> Option<Shape> {
        let (window, lanes) = match self {
            Self::Vnni => (quads::WINDOW, quads::LANES),
            Self::Avx512 | Self::Avx2 => (pairs::WINDOW, pairs::LANES),
            Self::Portable => return None,
        };
        Some(Shape { window, lanes, pitch: layout.pitch(), channels: layout.channels() })
    }

    /// Packs the weights of a group's rows as its vertical pass takes them.
    pub fn row_weights(self, weight: impl Fn(usize) -> i16) -> [u32; 2] {
        if self == Self::Vnni {
            quads::split([weight(0), weight(1), weight(2), weight(3)])
        } else {
            [pairs::pack(weight(0), weight(1)), 0]
        }
    }

    /// Bytes that the horizontal pass may read from a row's start even where the row is shorter.
    pub fn window(self) -> usize {
        match self {
            Self::Vnni => quads::WINDOW,
            Self::Avx512 | Self::Avx2 => pairs::WINDOW,
            Self::Portable => 0,
        }
    }
}
