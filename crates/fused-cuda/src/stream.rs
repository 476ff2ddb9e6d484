//! A stream of the driver. Copies and launches on one stream run in order.

use cudarc::driver::sys;

/// A raw stream of the driver, such as `torch.cuda.current_stream().cuda_stream`; 0 is the default stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream(pub u64);

impl Stream {
    pub(crate) fn raw(self) -> sys::CUstream {
        self.0 as sys::CUstream
    }
}
