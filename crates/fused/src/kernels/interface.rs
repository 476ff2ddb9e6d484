//! The trait that kernels implement, and their arguments.

use crate::{
    Layout,
    kind::ROWS,
    normalize::{Arithmetic, CYCLE},
    passes::Horizontal,
};

/// The most groups that [`ROWS`] rows make: groups have at least two rows.
pub(crate) const MOST_GROUPS: usize = ROWS / 2;

/// Dwords after a group's samples that a kernel may write or read, because it works in whole vectors.
pub(crate) const SLACK: usize = 2 * CYCLE;

/// Source rows, and the groups that they are resized into.
pub(crate) struct Rows<'a> {
    pub plan: &'a Horizontal,
    pub layout: Layout,
    /// The first plane of each row. Each pointer is valid for as many bytes as the plan's rows have, or for a
    /// window if that is more. The other planes follow at multiples of `plane_stride`.
    pub rows: [*const u8; ROWS],
    pub plane_stride: usize,
    /// Bytes from each row to the row that the next call will read, which is prefetched.
    pub ahead: usize,
    /// Each group has room for the row's samples and for [`SLACK`], and is aligned to 64 bytes. Only the
    /// first `ROWS / `[`Kernel::GROUP`] are used.
    pub groups: [*mut u32; MOST_GROUPS],
}

/// One group in the sum of an output row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    /// Dwords from the start of the ring to the group.
    pub offset: usize,
    /// The weights of the group's rows, from [`crate::passes::Vertical::entries_of`].
    pub weights: [u32; 2],
}

/// The weighted sum that makes an output row. Every group has [`SLACK`] dwords after its samples.
pub(crate) struct Sum<'a> {
    pub ring: *const u32,
    pub terms: &'a [Term],
    /// The value that sums start from.
    pub rounding: i32,
    /// Bits that sums are shifted right by.
    pub precision: u32,
    /// Whether sums must be clamped to a byte.
    pub clamps: bool,
}

/// The destination of an output row: `runs` runs of `units * CYCLE` samples, with `jump` samples from the
/// start of one run to the start of the next.
pub(crate) struct Runs<T> {
    pub to: *mut T,
    pub units: usize,
    pub runs: usize,
    pub jump: usize,
    /// Whether stores bypass the caches. If so, `to` and `jump` are multiples of 64 bytes.
    pub streaming: bool,
}

/// The two passes of one level.
pub(crate) trait Kernel {
    /// Rows per group.
    const GROUP: usize;
    /// Whether computing normalised values is faster than looking them up.
    const ARITHMETIC: bool = true;

    /// Resizes rows to the output width.
    ///
    /// # Safety
    /// The machine supports the level, and the pointers are as described in [`Rows`].
    unsafe fn horizontal(rows: &Rows);

    /// Sums groups into an output row and normalises it.
    ///
    /// # Safety
    /// The machine supports the level; every term's group has `units * runs * CYCLE` dwords in the ring;
    /// every run is valid for writes.
    unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>);

    /// Sums groups into an output row of bytes.
    ///
    /// # Safety
    /// The same as for [`Kernel::floats`].
    unsafe fn bytes(sum: &Sum, runs: &Runs<u8>);
}

/// Orders streaming stores before later ones, which makes them visible to other threads.
pub(crate) fn fence() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every x86-64 CPU has SSE.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
