//! Times one call, with the device synchronised before and after it.

use std::time::Instant;

use anyhow::Result;
use tch::Device;

use super::failure::caught;
use crate::python::cuda::{self, Event};

/// A value with the time that it took to compute.
#[derive(Debug)]
pub struct Timed<T> {
    /// What the call returned.
    pub value: T,
    /// Milliseconds until the call returned; on a GPU, which may still be working, this is the launch time.
    pub launch_ms: f64,
    /// Milliseconds until the device had finished: the real time.
    pub synchronized_ms: f64,
    /// Milliseconds by the GPU's clock from the start of the work to its end; none on a CPU. What the host does before
    /// the first launch and after the last is not included.
    pub device_ms: Option<f64>,
}

/// Times `call` on `device`; a panic in it becomes an error. The value is returned so that dropping it is not timed.
///
/// # Errors
/// If the call fails, or the device fails during the work that the call submitted.
pub fn time<T>(device: Device, call: impl FnOnce() -> Result<T>) -> Result<Timed<T>> {
    let Device::Cuda(index) = device else {
        let start = Instant::now();
        let value = caught(call);
        let spent = start.elapsed().as_secs_f64() * 1e3;
        return Ok(Timed { value: value?, launch_ms: spent, synchronized_ms: spent, device_ms: None });
    };
    let (first, last) = (Event::new()?, Event::new()?);
    // An event is created when it is first recorded, which must not be part of the time.
    last.record(index)?;
    cuda::synchronize(index)?;
    first.record(index)?;
    let start = Instant::now();
    let value = caught(call);
    let launch = start.elapsed();
    // Recorded while the device is still working: this takes the host microseconds and the device nothing.
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

/// A call that takes longer than this brings the device to its full clocks by itself.
const LONG_MS: f64 = 100.0;
/// The approximate milliseconds of calls in a sample, and the largest number of calls.
const SAMPLE_MS: f64 = 20.0;
const MOST_CALLS: f64 = 10.0;

/// Takes one sample of `call`. On a CPU a sample is one call. A GPU lowers its clocks while it is idle, as it is
/// between the samples of a round, so there a sample is the median of several calls, right after an untimed call. The
/// value of a call is dropped before the next call, so the next call finds memory as it would in use.
///
/// # Errors
/// As [`time`].
pub(crate) fn sample<T>(device: Device, call: impl Fn() -> Result<T>) -> Result<Timed<()>> {
    let once = || {
        let Timed { value, launch_ms, synchronized_ms, device_ms } = time(device, &call)?;
        drop(value);
        Ok(Timed { value: (), launch_ms, synchronized_ms, device_ms })
    };
    let first = once()?;
    if device == Device::Cpu || first.synchronized_ms > LONG_MS {
        return Ok(first);
    }
    median_of(calls(first.synchronized_ms), once)
}

/// Milliseconds that a sample of a call of `ms` takes.
pub(crate) fn sample_ms(device: Device, ms: f64) -> f64 {
    if device == Device::Cpu || ms > LONG_MS { ms } else { ms * (1 + calls(ms)) as f64 }
}

/// How many calls of `ms` milliseconds make a sample.
fn calls(ms: f64) -> usize {
    (SAMPLE_MS / ms).clamp(1.0, MOST_CALLS) as usize
}

/// Makes `count` calls and returns the one with the median synchronised time.
fn median_of<T>(count: usize, call: impl Fn() -> Result<Timed<T>>) -> Result<Timed<T>> {
    let mut timed = (0..count.max(1)).map(|_| call()).collect::<Result<Vec<_>>>()?;
    timed.sort_by(|a, b| a.synchronized_ms.total_cmp(&b.synchronized_ms));
    Ok(timed.swap_remove((timed.len() - 1) / 2))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_sample_is_one_call_on_a_cpu() {
        let count = Cell::new(0);
        sample(Device::Cpu, || Ok(count.replace(count.get() + 1))).unwrap();
        assert_eq!(count.get(), 1);
    }

    #[test]
    fn the_call_in_the_middle_is_taken_whole() {
        let times = [5.0, 1.0, 9.0, 2.0];
        let next = Cell::new(0);
        let call = || {
            let ms = times[next.replace(next.get() + 1)];
            Ok(Timed { value: ms, launch_ms: ms / 2.0, synchronized_ms: ms, device_ms: None })
        };
        let taken = median_of(times.len(), call).unwrap();
        assert_eq!((taken.value, taken.launch_ms, taken.synchronized_ms), (2.0, 1.0, 2.0));
    }

    #[test]
    fn short_calls_are_repeated_and_long_ones_are_not() {
        assert_eq!([0.001, 4.0, 19.0, 90.0].map(calls), [10, 5, 1, 1]);
    }
}
