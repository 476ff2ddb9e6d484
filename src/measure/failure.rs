//! What an error means for the rest of a run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Error, Result, anyhow};
use patchmark_results::InputError;

use crate::guarded;

/// How far a failure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Memory ran out: smaller batches can still be measured.
    OutOfMemory,
    /// The GPU no longer answers, or its context is broken: nothing more can be measured in this process.
    DeviceLost,
    /// The user's input is wrong, so every other row would fail too.
    Input,
    /// Anything else.
    Other,
}

impl Failure {
    /// Whether nothing more can be measured.
    pub(crate) fn ends_the_run(self) -> bool {
        matches!(self, Self::DeviceLost | Self::Input)
    }
}

/// What messages of torch, CUDA's libraries and the system contain when memory runs out.
const OUT_OF_MEMORY: [&str; 7] = [
    "out of memory",
    "OutOfMemoryError",
    "can't allocate memory",
    "Cannot allocate memory",
    "ALLOC_FAILED",
    "MemoryError",
    "failed to lock",
];

/// The CUDA errors after which every later call in the process fails with the same error.
const DEVICE_LOST: [&str; 17] = [
    "CUBLAS_STATUS_EXECUTION_FAILED",
    "CUBLAS_STATUS_INTERNAL_ERROR",
    "unspecified launch failure",
    "illegal memory access",
    "illegal instruction",
    "illegal address",
    "misaligned address",
    "invalid program counter",
    "device-side assert",
    "hardware stack error",
    "launch timed out",
    "uncorrectable ECC error",
    "uncorrectable NVLink error",
    "GPU is lost",
    "device(s) is/are busy or unavailable",
    "no CUDA-capable device is detected",
    "driver shutting down",
];

/// Classifies a failure: by the driver's error code if there is one, otherwise by the text of the whole chain of
/// causes, because torch and CUDA's libraries report no codes.
pub(crate) fn classify(error: &Error) -> Failure {
    if let Some(driver) = error.chain().find_map(|cause| cause.downcast_ref::<patchmark_fused_cuda::Error>())
    {
        if driver.is_device_lost() {
            return Failure::DeviceLost;
        }
        if driver.is_out_of_memory() {
            return Failure::OutOfMemory;
        }
    }
    let text = format!("{error:#}");
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if error.is::<InputError>() {
        Failure::Input
    } else if says(&DEVICE_LOST) {
        Failure::DeviceLost
    } else if says(&OUT_OF_MEMORY) {
        Failure::OutOfMemory
    } else {
        Failure::Other
    }
}

/// Calls a subject, and turns a panic into an error: pyo3 panics if Python is out of memory, and a subject's own code may
/// panic too. That ends its row, not the run.
pub(crate) fn caught<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    // What the call was changing when it panicked is used again only by further calls of the same subject, which may fail.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let message = guarded::message(panic);
        Err(anyhow!("panicked: {}", message.as_deref().unwrap_or("without a message")))
    })
}

/// The first line of a failure, without torch's C++ trace: a table has room for no more.
pub(crate) fn reason(error: &Error) -> String {
    let text = format!("{error:#}");
    text.lines().next().unwrap_or("failed without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn memory_that_ran_out_is_told_from_a_lost_device() {
        for text in [
            "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB",
            "OutOfMemoryError: CUDA out of memory.",
            "CUDA error: out of memory",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried",
            "MemoryError: Unable to allocate 24.0 GiB for an array",
        ] {
            assert_eq!(
                classify(&anyhow!("{text}").context("failed to process")),
                Failure::OutOfMemory,
                "{text}"
            );
        }
        for text in [
            "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported",
            "CUDA error: an illegal memory access was encountered",
            "CUDA error: device-side assert triggered",
            "CUDA error: uncorrectable ECC error encountered",
            "CUDA error: CUDA-capable device(s) is/are busy or unavailable",
        ] {
            assert_eq!(classify(&anyhow!("{text}")), Failure::DeviceLost, "{text}");
        }
        for text in ["shape '[2, 3]' is invalid for input of size 5", "CUDA error: invalid argument"] {
            assert_eq!(classify(&anyhow!("{text}")), Failure::Other, "{text}");
        }
    }

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        let error = caught(|| -> Result<()> { panic!("image {} has no pixels", 3) }).unwrap_err();
        assert_eq!(error.to_string(), "panicked: image 3 has no pixels");
        assert_eq!(caught(|| Ok(1)).unwrap(), 1);
    }

    #[test]
    fn a_reason_is_one_line_with_every_cause() {
        let error = anyhow!("CUDA out of memory.\nException raised from malloc").context("failed to process");
        assert_eq!(reason(&error), "failed to process: CUDA out of memory.");
    }
}
