//! What host and kernel agree on: constants and structures. `kernel/layout.cuh` has the structures too.

/// Threads of a block.
pub(crate) const THREADS: usize = 192;

/// Groups of four source rows that are copied at a time. Its rows are shared out evenly among the threads.
pub(crate) const STAGE: usize = 2;

/// Blocks that a multiprocessor must have registers and shared memory for.
pub(crate) const BLOCKS: usize = 5;

/// Bytes of shared memory that a block may use: a fifth of what an H100's multiprocessor has, less the kilobyte
/// that each block is charged. It is below the 48 KB that need no asking.
pub(crate) const SHARED: usize = 227 * 1024 / BLOCKS - 1024;

/// Channels of the table, red, green and blue twice: four neighbouring samples look on from any of the first three.
pub(crate) const CHANNELS: usize = 6;

/// Samples of padding that a block writes.
pub(crate) const FILL: usize = 1 << 14;

const _: () = assert!(THREADS.is_multiple_of(STAGE * 4) && SHARED <= 48 << 10);

/// How a tile's source rows are read; the kernel's `Mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Mode {
    /// From shared memory, every row at a multiple of 4 bytes.
    Aligned = 0,
    /// From shared memory, rows anywhere.
    Shifted = 1,
    /// From global memory byte by byte.
    Direct = 2,
}

/// An image of a batch, as the kernel reads it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Image {
    pub pixels: u64,
    pub pitch: u64,
    pub columns: u64,
    pub column_weights: u64,
    pub rows: u64,
    pub row_weights: u64,
    pub height: i32,
    pub width: i32,
    pub out_height: i32,
    pub out_width: i32,
    pub column_steps: i32,
    pub column_shift: i32,
    pub row_steps: i32,
    pub row_shift: i32,
    pub tile_height: i32,
    pub tile_width: i32,
    pub tiles_across: i32,
    pub tiles: i32,
    pub row_bytes: i32,
    pub chunk: i32,
    pub mode: Mode,
    pub first_block: u32,
}

/// What a launch is given, as the kernel reads it: made by [`crate::Batch::write`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Launch {
    pub(crate) table: u64,
    pub(crate) images: u64,
    pub(crate) blocks: u64,
    pub(crate) values: u64,
    pub(crate) mask: u64,
    pub(crate) shapes: u64,
    pub(crate) length: i32,
    pub(crate) limit: i32,
    pub(crate) patch: i32,
    pub(crate) fill: i32,
}

const _: () = assert!(size_of::<Image>() == 112 && size_of::<Launch>() == 64);

impl Image {
    /// Its bytes in memory.
    pub fn bytes(&self) -> &[u8; size_of::<Self>()] {
        // SAFETY: the structure has no padding (the sum of its fields is its size) and outlives the borrow.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

impl Launch {
    /// Its bytes in memory.
    pub(crate) fn bytes(&self) -> &[u8; size_of::<Self>()] {
        // SAFETY: as for `Image::bytes`.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}
