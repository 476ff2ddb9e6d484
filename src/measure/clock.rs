//! One clock round one call, synchronised on both sides.

use std::time::Instant;

use tch::{Cuda, Device};

/// A value with the time that it took.
#[derive(Debug)]
pub struct Timed<T> {
    /// What the call returned.
    pub value: T,
    /// Milliseconds until the call returned: launch time where the device works on.
    pub launch_ms: f64,
    /// Milliseconds until the device had finished: the true time.
    pub synchronized_ms: f64,
}

/// Times `call` on `device`. The value is returned, so that dropping it is not timed.
pub fn time<T>(device: Device, call: impl FnOnce() -> T) -> Timed<T> {
    synchronize(device);
    let start = Instant::now();
    let value = call();
    let launch = start.elapsed();
    synchronize(device);
    let synchronized = if device == Device::Cpu { launch } else { start.elapsed() };
    Timed { value, launch_ms: launch.as_secs_f64() * 1e3, synchronized_ms: synchronized.as_secs_f64() * 1e3 }
}

/// Waits for everything submitted to a GPU; nothing to wait for on a CPU.
fn synchronize(device: Device) {
    if let Device::Cuda(index) = device {
        Cuda::synchronize(index as i64);
    }
}
