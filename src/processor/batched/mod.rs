//! Processes images of equal size together; a batch of mixed sizes is grouped, and its order is restored.
//!
//! On a CPU the arithmetic is torch's integer resize, as in `hf` on a CPU; on a GPU it is torchvision's floating-point
//! path, as in `hf` with `device="cuda"`. The two differ by at most one level, so each is compared with `hf` on the
//! same device.

mod device;
mod groups;
mod host;

use anyhow::Result;
use tch::Device;

use self::{device::OnDevice, groups::Groups, host::OnHost};
use super::{FedBatch, Feed, Parameters, Processor, Stage, StageClock};
use crate::inputs::ModelInputs;

/// Groups a batch by size and processes each group as a whole.
#[derive(Debug)]
pub struct Batched {
    parameters: Parameters,
    place: Place,
}

/// Where the arithmetic runs.
#[derive(Debug)]
enum Place {
    Host(OnHost),
    Device(OnDevice),
}

impl Batched {
    /// A processor that computes on `device` and leaves its outputs there. For a GPU, `threads` threads fill
    /// page-locked memory.
    ///
    /// # Errors
    /// If a parameter is not supported or the system refuses the threads.
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        parameters.validate()?;
        let place = if device == Device::Cpu {
            Place::Host(OnHost::new(parameters)?)
        } else {
            Place::Device(OnDevice::new(parameters, device, threads)?)
        };
        Ok(Self { parameters: parameters.clone(), place })
    }
}

impl Processor for Batched {
    fn name(&self) -> &'static str {
        "batched"
    }

    fn feed(&self) -> Feed {
        Feed::Hwc
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let _no_grad = tch::no_grad_guard();
        let images = batch.hwc()?;
        let groups = Groups::of(images, &self.parameters)?;
        clock.mark(Stage::SizeSearch);
        match &self.place {
            Place::Host(host) => host.process(images, &groups, clock),
            Place::Device(device) => device.process(images, &groups, clock),
        }
    }
}
