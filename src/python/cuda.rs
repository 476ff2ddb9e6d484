//! torch's streams, events and page-locked memory, for which tch has no bindings.
//!
//! If there is no GPU or it was lost, everything here fails with torch's own message; tch's `synchronize` would panic.

use anyhow::{Context, Result};
use pyo3::{prelude::*, types::PyDict};
use tch::Tensor;

use super::{from_python, start};

/// Calls into `torch.cuda`.
pub(super) fn with<T>(work: impl FnOnce(Python<'_>, Bound<'_, PyAny>) -> Result<T>) -> Result<T> {
    // Before attaching, because a thread that holds the interpreter must not wait for a thread that starts it.
    start()?;
    Python::attach(|py| work(py, py.import("torch")?.getattr("cuda")?))
}

/// Waits until GPU `index` has finished everything that was submitted to it.
///
/// # Errors
/// If any of it failed, or the device is lost.
pub fn synchronize(index: usize) -> Result<()> {
    // Other threads may need the interpreter while the device works; torch releases it while waiting.
    with(|_, cuda| cuda.call_method1("synchronize", (index,)).map(drop).map_err(Into::into))
}

/// Sets whether f32 matrix products may round their factors to TF32 in all later calls.
///
/// # Errors
/// If Python cannot start.
pub fn allow_tf32(allowed: bool) -> Result<()> {
    start()?;
    Python::attach(|py| {
        let backends = py.import("torch")?.getattr("backends")?;
        backends.getattr("cuda")?.getattr("matmul")?.setattr("allow_tf32", allowed)?;
        backends.getattr("cudnn")?.setattr("allow_tf32", allowed)?;
        Ok(())
    })
}

/// Uninitialised page-locked host memory, u8 `[bytes]`, from torch's cache of such memory.
///
/// The cache reuses a buffer only when all copies from it are done, so a caller may fill one buffer while the device
/// reads another.
///
/// # Errors
/// If there is no GPU or no memory.
pub fn pinned(bytes: usize) -> Result<Tensor> {
    start()?;
    Python::attach(|py| {
        let torch = py.import("torch")?;
        let options = PyDict::new(py);
        options.set_item("dtype", torch.getattr("uint8")?)?;
        options.set_item("pin_memory", true)?;
        let tensor = torch
            .call_method("empty", (bytes,), Some(&options))
            .with_context(|| format!("failed to lock {bytes} bytes of host memory"))?;
        from_python(&tensor)
    })
}

/// A point in the work of a stream.
#[derive(Debug)]
pub struct Event(Py<PyAny>);

impl Event {
    /// A point that is not recorded yet.
    ///
    /// # Errors
    /// If there is no GPU.
    pub fn new() -> Result<Self> {
        with(|py, cuda| {
            let options = PyDict::new(py);
            options.set_item("enable_timing", true)?;
            Ok(Self(cuda.call_method("Event", (), Some(&options))?.unbind()))
        })
    }

    /// Records it after everything that this thread has submitted to its stream on GPU `index`.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn record(&self, index: usize) -> Result<()> {
        with(|py, cuda| {
            let stream = cuda.call_method1("current_stream", (index,))?;
            self.0.call_method1(py, "record", (stream,)).map(drop).map_err(Into::into)
        })
    }

    /// Makes the host wait until the device has reached it.
    ///
    /// # Errors
    /// If the work before it failed.
    pub fn wait(&self) -> Result<()> {
        Python::attach(|py| self.0.call_method0(py, "synchronize").map(drop).map_err(Into::into))
    }

    /// Makes everything that this thread submits later to its stream on GPU `index` wait, on the device, for this
    /// point.
    ///
    /// # Errors
    /// If the device is lost.
    pub fn order(&self, index: usize) -> Result<()> {
        with(|py, cuda| {
            let stream = cuda.call_method1("current_stream", (index,))?;
            self.0.call_method1(py, "wait", (stream,)).map(drop).map_err(Into::into)
        })
    }

    /// Milliseconds by the device's clock from `earlier` to this point; both must have been reached.
    ///
    /// # Errors
    /// If one of them has not been reached.
    pub fn since(&self, earlier: &Self) -> Result<f64> {
        Python::attach(|py| {
            Ok(earlier.0.call_method1(py, "elapsed_time", (self.0.bind(py),))?.extract::<f64>(py)?)
        })
    }
}

/// Makes a new stream on GPU `index` and lets this thread submit to it from now on.
///
/// # Errors
/// If there is no such GPU.
pub fn enter_new_stream(index: usize) -> Result<()> {
    with(|_, cuda| {
        let stream = cuda.call_method1("Stream", (index,))?;
        cuda.call_method1("set_stream", (stream,)).map(drop).map_err(Into::into)
    })
}
