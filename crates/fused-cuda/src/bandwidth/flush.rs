//! The flush of the second-level cache before each sample.

use std::{
    ffi::c_void,
    path::{Path, PathBuf},
    sync::Arc,
};

use cudarc::driver::{result, sys};

use super::memory::Memory;
use crate::{CodeCache, Error, Program, Stream, compiler::SWEEP, context::Context, device::Kernel};

/// A kernel that fills the second-level cache with bytes that nothing else reads and that need not be stored.
pub(super) struct Flush {
    bytes: Memory,
    kernel: Kernel,
}

impl Flush {
    /// Threads per block.
    const THREADS: u32 = 256;

    /// Compiles the kernel and allocates its memory. `context` is current.
    pub fn new(context: &Arc<Context>, libraries: &Path, cache: Option<PathBuf>) -> Result<Self, Error> {
        let program = Program::sweep(context.capability()?);
        let code = CodeCache::new(cache).get(&program, libraries)?;
        let kernel = Kernel::load(context, &code, SWEEP)?;
        let attribute = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE;
        let bytes = Memory::new(2 * context.attribute(attribute)? as usize)?;
        bytes.write(&vec![0; bytes.length])?;
        Ok(Self { bytes, kernel })
    }

    /// Starts the kernel on `stream`.
    pub fn run(&self, stream: Stream) -> Result<(), Error> {
        let (mut count, mut sought) = (self.bytes.length as u64 / 16, 1u32);
        let mut address = self.bytes.address;
        let mut parameters = [
            (&raw mut address).cast::<c_void>(),
            (&raw mut count).cast::<c_void>(),
            (&raw mut sought).cast::<c_void>(),
        ];
        let blocks = count.div_ceil(Self::THREADS.into()) as u32;
        // SAFETY: the parameters are those of the kernel, and the driver copies them. The kernel reads `count` times 16
        // bytes; all of them are zero, so it writes nothing.
        unsafe {
            result::launch_kernel(
                self.kernel.function,
                (blocks, 1, 1),
                (Self::THREADS, 1, 1),
                0,
                stream.raw(),
                &mut parameters,
            )
        }
        .map_err(Error::driver("cuLaunchKernel"))
    }
}
