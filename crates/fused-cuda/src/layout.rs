//! Constants and structures that host and kernel share. `kernel/layout.cuh` declares the same structures.

/// Threads per block.
pub(crate) const THREADS: usize = 192;

/// Groups of four source rows that are copied at a time. Every thread copies an equal share of these rows.
pub(crate) const STAGE: usize = 2;

/// Blocks that must fit into the registers and the shared memory of a multiprocessor.
pub(crate) const BLOCKS: usize = 5;

/// Bytes of shared memory that a block may use: a fifth of the memory of an H100's multiprocessor, minus the kilobyte
/// that the hardware reserves per block. Up to 48 KB, a kernel need not request a larger limit.
pub(crate) const SHARED: usize = 227 * 1024 / BLOCKS - 1024;

/// Channels of the table of samples: red, green and blue, twice. Four neighbouring samples may begin with any channel
/// and need no wrap-around.
pub(crate) const CHANNELS: usize = 6;

/// Samples of padding that one block writes.
pub(crate) const FILL: usize = 1 << 14;

const _: () = assert!(THREADS.is_multiple_of(STAGE * 4) && SHARED <= 48 << 10);

/// How the source rows of a tile are read; `Mode` in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Mode {
    /// From shared memory; every row begins at a multiple of 4 bytes.
    Aligned = 0,
    /// From shared memory; rows begin at any address.
    Shifted = 1,
    /// From global memory, byte by byte.
    Direct = 2,
}

/// An image of a batch, in the form that the kernel reads. `kernel/layout.cuh` describes the fields.
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

/// The argument of a launch, in the form that the kernel reads. [`crate::Batch::write`] makes it.
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
    /// The bytes of the structure in memory.
    pub fn bytes(&self) -> &[u8; size_of::<Self>()] {
        // SAFETY: the structure has no padding (the sizes of its fields add up to its own) and outlives the borrow.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}

impl Launch {
    /// The bytes of the structure in memory.
    pub(crate) fn bytes(&self) -> &[u8; size_of::<Self>()] {
        // SAFETY: the same as for `Image::bytes`.
        unsafe { &*std::ptr::from_ref(self).cast() }
    }
}
