//! Flows: ways from image files to model inputs, a decoder with a processor behind it.

mod flow;
mod huggingface;
mod native;
mod pillow;

use anyhow::Result;
use tch::Device;

pub use self::flow::{Files, Flow};
use self::{
    huggingface::HfPaths,
    native::NativeFused,
    pillow::{PillowFused, PillowHf},
};
use crate::{
    inputs::ModelInputs,
    processor::{Parameters, StageClock},
};

/// The flows of a bench.
pub struct FromFiles {
    pub(super) flows: Vec<Box<dyn Flow>>,
    on_device: HfPaths,
    /// The same on the CPU; none if that is the device.
    on_host: Option<HfPaths>,
    /// Whether the workload's pixels are those that `hf-paths` reads, so that a flow with the same pixels must have the same
    /// outputs.
    pub(super) reads_as_reference: bool,
}

impl FromFiles {
    /// Every flow on one thread, and on `threads` threads if those are more. `reads_as_reference` tells whether the
    /// workload's files are decoded to the pixels that transformers' class reads.
    ///
    /// # Errors
    /// If Python or transformers is missing, or a parameter is not supported.
    pub fn new(
        parameters: &Parameters,
        device: Device,
        threads: usize,
        reads_as_reference: bool,
    ) -> Result<Self> {
        let mut flows: Vec<Box<dyn Flow>> = Vec::new();
        for threads in counts(threads) {
            flows.push(Box::new(HfPaths::new(parameters, device, threads)?));
            flows.push(Box::new(PillowHf::new(parameters, device, threads)?));
            flows.push(Box::new(PillowFused::new(parameters, device, threads)?));
            flows.push(Box::new(NativeFused::new(parameters, device, threads)?));
        }
        let reference = |device| HfPaths::new(parameters, device, threads);
        let on_host = (device != Device::Cpu).then(|| reference(Device::Cpu)).transpose()?;
        Ok(Self { flows, on_device: reference(device)?, on_host, reads_as_reference })
    }

    /// The outputs of `hf-paths`, computed on the host if `device` is the CPU.
    ///
    /// # Errors
    /// If transformers does not read a file, or fails.
    pub(super) fn reference(&self, files: &Files<'_>, device: Device) -> Result<ModelInputs> {
        let on_host = self.on_host.as_ref().filter(|_| device == Device::Cpu);
        on_host.unwrap_or(&self.on_device).run(files, &mut StageClock::disabled())
    }
}

/// The numbers of threads on which a flow runs.
pub(super) fn counts(threads: usize) -> Vec<usize> {
    if threads > 1 { vec![1, threads] } else { vec![1] }
}

/// torch's number of threads for the calling thread, until this is dropped.
pub(super) struct TorchThreads {
    before: i32,
}

impl TorchThreads {
    pub(super) fn set(threads: usize) -> Self {
        let before = tch::get_num_threads();
        // The command's own number was accepted, and one is less.
        tch::set_num_threads(i32::try_from(threads).unwrap_or(before));
        Self { before }
    }
}

impl Drop for TorchThreads {
    fn drop(&mut self) {
        tch::set_num_threads(self.before);
    }
}
