//! Device memory for a measurement.

use cudarc::driver::result;

use crate::Error;

/// Device memory of the current context.
pub(super) struct Memory {
    pub address: u64,
    pub length: usize,
}

impl Memory {
    /// Allocates `length` bytes, or one byte if `length` is 0.
    pub fn new(length: usize) -> Result<Self, Error> {
        // SAFETY: the context is current; contents are written before they are read, or do not matter.
        let address = unsafe { result::malloc_sync(length.max(1)) }.map_err(Error::driver("cuMemAlloc"))?;
        Ok(Self { address, length })
    }

    /// Fills the start of the memory and waits until that is done.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        debug_assert!(bytes.len() <= self.length);
        // SAFETY: the memory is large enough, and nothing that is running uses it.
        unsafe { result::memcpy_htod_sync(self.address, bytes) }.map_err(Error::driver("cuMemcpyHtoD"))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated once and freed once; the driver waits for running work. On a lost device there is nothing
        // left to free.
        let _ = unsafe { result::free_sync(self.address) };
    }
}
