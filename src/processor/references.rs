//! The reference, once per device on which processors compute.

use std::sync::Arc;

use anyhow::Result;
use tch::Device;

use super::{FedBatch, Parameters, Processor, REFERENCE, StageClock, computes_on, create};
use crate::{inputs::ModelInputs, workload::DecodedImage};

/// `hf` on the requested device and, if that is a GPU, on the CPU as well. torch's resize uses other arithmetic on a
/// GPU, so a processor is compared with the reference on the device on which the processor computes.
pub struct References {
    on_device: Box<dyn Processor>,
    on_host: Option<Box<dyn Processor>>,
    device: Device,
}

impl References {
    /// Makes the instances.
    ///
    /// # Errors
    /// If Python, transformers or the backend is missing.
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        let reference = |device| create(REFERENCE, parameters, device, threads);
        let on_host = (device != Device::Cpu).then(|| reference(Device::Cpu)).transpose()?;
        Ok(Self { on_device: reference(device)?, on_host, device })
    }

    /// The reference's outputs for a batch.
    ///
    /// # Errors
    /// If transformers fails, for example for lack of memory.
    pub fn process(&self, images: &[Arc<DecodedImage>]) -> Result<ReferenceOutputs> {
        let batch = FedBatch::new(self.on_device.feed(), images)?;
        let run = |reference: &dyn Processor| reference.process(&batch, &mut StageClock::disabled());
        let on_host = self.on_host.as_deref().map(run).transpose()?;
        Ok(ReferenceOutputs { on_device: run(self.on_device.as_ref())?, on_host, device: self.device })
    }
}

/// The reference's outputs for one batch.
pub struct ReferenceOutputs {
    /// The outputs that a forward is fed, on its device.
    pub on_device: ModelInputs,
    on_host: Option<ModelInputs>,
    device: Device,
}

impl ReferenceOutputs {
    /// The outputs of the reference on the CPU.
    pub fn of_host(&self) -> &ModelInputs {
        self.on_host.as_ref().unwrap_or(&self.on_device)
    }

    /// The outputs with which the processor of that name must be compared.
    pub fn of(&self, name: &str) -> &ModelInputs {
        if computes_on(name, self.device) == Device::Cpu { self.of_host() } else { &self.on_device }
    }
}
