//! Kernel timings: by the device's own clock, with a cold L2, beside what a plain copy reaches.

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::clock::time;
use crate::{input_error, python};

/// Times work on one GPU with its L2 emptied first, as a step of a real pipeline meets it.
#[derive(Debug)]
pub struct KernelClock {
    device: Device,
    /// Twice the L2: writing all of it leaves no line of anything else.
    flush: Tensor,
}

impl KernelClock {
    /// A clock for a GPU.
    ///
    /// # Errors
    /// An input error for a CPU, whose calls return when they are done and need no such clock.
    pub fn new(device: Device) -> Result<Self> {
        let Device::Cuda(index) = device else {
            return Err(input_error!("kernels are timed on a GPU only; give --device cuda:N"));
        };
        let bytes = 2 * python::l2_bytes(index)? as i64;
        Ok(Self { device, flush: Tensor::f_empty([bytes], (Kind::Uint8, device))? })
    }

    /// Milliseconds on the device, from a cold L2.
    ///
    /// # Errors
    /// If the work fails.
    pub fn time<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<f64> {
        let _ = self.flush.shallow_clone().f_zero_()?;
        let timed = time(self.device, call)?;
        Ok(timed.device_ms.unwrap_or(timed.synchronized_ms))
    }

    /// Bytes a second, read and written together, of a copy of `bytes` bytes on the device: what a kernel that
    /// only moves memory can reach.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn copy_bytes_per_s(&self, bytes: usize) -> Result<f64> {
        ensure!(bytes > 0, "a copy of nothing has no speed");
        let source = Tensor::f_zeros([bytes as i64], (Kind::Uint8, self.device))?;
        let mut target = Tensor::f_empty([bytes as i64], (Kind::Uint8, self.device))?;
        // The first call of a kind loads its kernel.
        target.f_copy_(&source)?;
        let mut times = Vec::new();
        for _ in 0..9 {
            times.push(self.time(|| Ok(target.f_copy_(&source)?))?);
        }
        Ok(2.0 * bytes as f64 / (super::statistics::median(&times) / 1e3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InputError;

    #[test]
    fn a_cpu_is_refused() {
        assert!(KernelClock::new(Device::Cpu).unwrap_err().is::<InputError>());
    }
}
