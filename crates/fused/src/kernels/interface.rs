//! What kernels are given and what they promise.

use crate::{
    Layout,
    kind::ROWS,
    normalize::{Arithmetic, CYCLE},
    passes::Horizontal,
};

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
    /// As [`crate::passes::Vertical::entries`].
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
