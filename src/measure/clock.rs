//! One clock round one call, synchronised on both sides.

use std::time::Instant;

use anyhow::Result;
use tch::Device;

use crate::python::cuda::{self, Event};

/// A value with the time that it took.
#[derive(Debug)]
pub struct Timed<T> {
    /// What the call returned.
    pub value: T,
    /// Milliseconds until the call returned: launch time where the device works on.
    pub launch_ms: f64,
    /// Milliseconds until the device had finished: the true time.
    pub synchronized_ms: f64,
    /// Milliseconds of the GPU's own clock between the work's start and its end; none on a CPU. It lacks what
    /// the host does before the first launch and after the last.
    pub device_ms: Option<f64>,
}

/// Times `call` on `device`. The value is returned, so that dropping it is not timed.
///
/// # Errors
/// If the call fails, or the device does while it works on.
pub fn time<T>(device: Device, call: impl FnOnce() -> Result<T>) -> Result<Timed<T>> {
    let Device::Cuda(index) = device else {
        let start = Instant::now();
        let value = call();
        let spent = start.elapsed().as_secs_f64() * 1e3;
        return Ok(Timed { value: value?, launch_ms: spent, synchronized_ms: spent, device_ms: None });
    };
    let (first, last) = (Event::new()?, Event::new()?);
    cuda::synchronize(index)?;
    first.record(index)?;
    let start = Instant::now();
    let value = call();
    let launch = start.elapsed();
    // Recorded while the device still works: this costs the host microseconds, and the device none.
    last.record(index)?;
    cuda::synchronize(index)?;
    let synchronized = start.elapsed();
    Ok(Timed {
        value: value?,
        launch_ms: launch.as_secs_f64() * 1e3,
        synchronized_ms: synchronized.as_secs_f64() * 1e3,
        device_ms: Some(last.since(&first)?),
    })
}
