//! What cannot be served, and what can go wrong on the way to a device.

use std::path::PathBuf;

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
    #[error("an image of {patches} patches does not fit an output of {length}")]
    Length {
        /// Patches of the image.
        patches: usize,
        /// Rows of the output for each image.
        length: usize,
    },
    /// More work than a launch can number.
    #[error("{what} of this batch is {value}, more than a launch can number; use smaller batches or images")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        value: usize,
    },
    /// A row of an image overlaps the next one.
    #[error("rows of {pitch} bytes cannot hold the pixels of a {}x{} image", size.width, size.height)]
    Pitch {
        /// Bytes from a row to the next.
        pitch: usize,
        /// The image.
        size: Size,
    },
    /// Something was given in another number than the batch has, or at an address that does not serve.
    #[error("{given} {what} where {needed} are needed")]
    Mismatch {
        /// What was given.
        what: &'static str,
        /// How many.
        given: usize,
        /// How many are needed.
        needed: usize,
    },
    /// No NVIDIA driver.
    #[error("libcuda.so.1 cannot be loaded; install NVIDIA's driver, or use a processor of the CPU")]
    NoDriver,
    /// No run-time compiler.
    #[error("libnvrtc cannot be loaded from {folder} ({detail}); it comes with torch's CUDA build")]
    NoCompiler {
        /// Where it was looked for.
        folder: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The kernel was refused by the compiler.
    #[error("the kernel does not compile for {architecture}: {log}")]
    Compile {
        /// Such as `sm_90`.
        architecture: String,
        /// What the compiler said.
        log: String,
    },
    /// A call of the driver failed.
    #[error("{call} failed: {detail}")]
    Driver {
        /// What was called.
        call: &'static str,
        /// What the driver said.
        detail: String,
    },
    /// The kernel on the host could not be built or broke a rule.
    #[error("the kernel on the host: {0}")]
    Emulator(String),
}

impl Error {
    /// Wraps what the driver said to `call`.
    pub(crate) fn driver(call: &'static str) -> impl Fn(cudarc::driver::DriverError) -> Self {
        move |error| Self::Driver { call, detail: format!("{error:?}") }
    }
}
