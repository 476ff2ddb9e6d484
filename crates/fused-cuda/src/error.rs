//! Everything that can fail: inputs that cannot be served, and calls of the compiler and the driver.

use std::path::PathBuf;

use cudarc::driver::{DriverError, sys::CUresult};
use patchmark_fused::Size;

/// Every way in which this crate fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A size that no image or output can have, or that cannot be cut into patches.
    #[error(transparent)]
    Size(#[from] patchmark_fused::Error),
    /// A batch without images.
    #[error("the batch is empty; give at least one image")]
    Empty,
    /// An image has more patches than the output has rows for.
    #[error(
        "an image of {patches} patches does not fit into the {length} rows that the output has per image"
    )]
    Length {
        /// Patches of the image.
        patches: usize,
        /// Rows of the output for each image.
        length: usize,
    },
    /// The batch is larger than one launch can index.
    #[error("the batch has {value} {what}, more than one launch can index; use smaller batches or images")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The count.
        value: usize,
    },
    /// Rows of an image overlap.
    #[error("rows of {pitch} bytes cannot hold the pixels of a {}x{} image", size.width, size.height)]
    Pitch {
        /// Bytes from the start of one row to the start of the next.
        pitch: usize,
        /// The size of the image.
        size: Size,
    },
    /// An argument has the wrong length, range or alignment.
    #[error("expected {needed} {what}, got {given}")]
    Mismatch {
        /// What is counted.
        what: &'static str,
        /// The count given.
        given: usize,
        /// The count needed.
        needed: usize,
    },
    /// NVIDIA's driver is not installed.
    #[error(
        "libcuda.so.1 cannot be loaded; install NVIDIA's driver, or use a processor that runs on the CPU"
    )]
    NoDriver,
    /// The run-time compiler is not installed.
    #[error("libnvrtc cannot be loaded from {folder} ({detail}); it comes with torch's CUDA build")]
    NoCompiler {
        /// The folder that was searched.
        folder: PathBuf,
        /// The loader's message.
        detail: String,
    },
    /// The compiler rejected the kernel.
    #[error("the kernel does not compile for {architecture}: {log}")]
    Compile {
        /// The target, such as `sm_90`.
        architecture: String,
        /// The compiler's messages.
        log: String,
    },
    /// A call of the driver failed.
    #[error("{call} failed: {detail}")]
    Driver {
        /// The function that was called.
        call: &'static str,
        /// The driver's status, a `CUresult`.
        code: i32,
        /// The driver's description of that status.
        detail: String,
    },
    /// The kernel on the host could not be compiled, or broke one of the emulator's rules.
    #[error("the kernel on the host: {0}")]
    Emulator(String),
}

/// Statuses after which every later call in the process fails too: the device is not there, or its context is broken.
const DEVICE_LOST: [CUresult; 19] = [
    CUresult::CUDA_ERROR_DEINITIALIZED,
    CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE,
    CUresult::CUDA_ERROR_NO_DEVICE,
    CUresult::CUDA_ERROR_ECC_UNCORRECTABLE,
    CUresult::CUDA_ERROR_NVLINK_UNCORRECTABLE,
    CUresult::CUDA_ERROR_CONTAINED,
    CUresult::CUDA_ERROR_ILLEGAL_ADDRESS,
    CUresult::CUDA_ERROR_LAUNCH_TIMEOUT,
    CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED,
    CUresult::CUDA_ERROR_ASSERT,
    CUresult::CUDA_ERROR_HARDWARE_STACK_ERROR,
    CUresult::CUDA_ERROR_ILLEGAL_INSTRUCTION,
    CUresult::CUDA_ERROR_MISALIGNED_ADDRESS,
    CUresult::CUDA_ERROR_INVALID_ADDRESS_SPACE,
    CUresult::CUDA_ERROR_INVALID_PC,
    CUresult::CUDA_ERROR_LAUNCH_FAILED,
    CUresult::CUDA_ERROR_TENSOR_MEMORY_LEAK,
    CUresult::CUDA_ERROR_MPS_CLIENT_TERMINATED,
    CUresult::CUDA_ERROR_EXTERNAL_DEVICE,
];

impl Error {
    /// The driver's status (a `CUresult`) if a call of the driver failed.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Driver { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the driver had no memory left, on the device or for pinned pages of the host. A smaller batch may still
    /// succeed.
    pub fn is_out_of_memory(&self) -> bool {
        self.code() == Some(CUresult::CUDA_ERROR_OUT_OF_MEMORY as i32)
    }

    /// Whether the device is not there or no longer usable by this process, in which case every later call fails too.
    pub fn is_device_lost(&self) -> bool {
        self.code().is_some_and(|code| DEVICE_LOST.iter().any(|&lost| lost as i32 == code))
    }

    /// Turns the driver's answer to `call` into an error.
    pub(crate) fn driver(call: &'static str) -> impl Fn(DriverError) -> Self {
        move |error| Self::Driver { call, code: error.0 as i32, detail: format!("{error:?}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driver(status: CUresult) -> Error {
        Error::Driver { call: "cuMemAlloc", code: status as i32, detail: "said by the driver".into() }
    }

    #[test]
    fn memory_that_ran_out_is_told_from_a_lost_device() {
        let error = driver(CUresult::CUDA_ERROR_OUT_OF_MEMORY);
        assert_eq!(error.code(), Some(2));
        assert!(error.is_out_of_memory() && !error.is_device_lost());

        let fatal =
            [4, 46, 100, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911];
        assert_eq!(DEVICE_LOST.map(|status| status as i32), fatal);
        for status in DEVICE_LOST {
            let error = driver(status);
            assert!(error.is_device_lost() && !error.is_out_of_memory(), "{status:?}");
        }
    }

    #[test]
    fn other_failures_are_neither() {
        for status in [
            CUresult::CUDA_ERROR_INVALID_VALUE,
            CUresult::CUDA_ERROR_INVALID_DEVICE,
            CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU,
            CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
            CUresult::CUDA_ERROR_NOT_READY,
        ] {
            let error = driver(status);
            assert!(!error.is_out_of_memory() && !error.is_device_lost(), "{status:?}");
        }
    }

    #[test]
    fn only_the_driver_gives_codes_and_its_words_do_not_matter() {
        let misleading = Error::Emulator("out of memory, and an illegal memory access".into());
        for error in [Error::NoDriver, Error::Empty, misleading] {
            assert_eq!(error.code(), None);
            assert!(!error.is_out_of_memory() && !error.is_device_lost(), "{error}");
        }
    }

    #[test]
    fn the_code_is_not_part_of_the_message() {
        let error = driver(CUresult::CUDA_ERROR_ILLEGAL_ADDRESS);
        assert_eq!(error.to_string(), "cuMemAlloc failed: said by the driver");
    }
}
