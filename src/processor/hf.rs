//! transformers' own classes, called through embedded Python.

use anyhow::{Result, bail};
use pyo3::{Py, PyAny};
use tch::Device;

use super::{
    FedBatch, Feed, Parameters, Processor, Stage, StageClock,
    transformers::{self, Backend},
};
use crate::inputs::ModelInputs;

/// An instance of transformers' `Siglip2ImageProcessor`.
pub struct HuggingFace {
    name: &'static str,
    feed: Feed,
    instance: Py<PyAny>,
    /// The GPU on which transformers computes; none for the Pillow class, which has no device argument.
    gpu: Option<usize>,
    device: Device,
}

impl HuggingFace {
    /// Makes the Python instance.
    ///
    /// # Errors
    /// If Python, transformers or the backend is missing.
    pub fn new(
        name: &'static str,
        backend: Backend,
        feed: Feed,
        parameters: &Parameters,
        device: Device,
    ) -> Result<Self> {
        parameters.validate()?;
        let gpu = match (backend, device) {
            (Backend::Torchvision, Device::Cuda(index)) => Some(index),
            _ => None,
        };
        Ok(Self { name, feed, instance: transformers::processor(backend, parameters)?, gpu, device })
    }
}

impl Processor for HuggingFace {
    fn name(&self) -> &'static str {
        self.name
    }

    fn feed(&self) -> Feed {
        self.feed
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let stages = clock.is_enabled();
        let call = match batch {
            FedBatch::Pil(images) => transformers::process_pil(&self.instance, images, self.gpu, stages)?,
            FedBatch::Paths(paths) => transformers::process_paths(&self.instance, paths, self.gpu, stages)?,
            FedBatch::Chw(images) => transformers::process_chw(&self.instance, images, self.gpu, stages)?,
            FedBatch::Hwc(_) | FedBatch::Device(_) => {
                bail!(
                    "transformers' processor was handed something other than PIL images, paths or CHW tensors"
                )
            }
        };
        for (stage, seconds) in call.stages {
            clock.add(stage, seconds);
        }
        let inputs = call.inputs;
        if self.device == Device::Cpu {
            return Ok(inputs);
        }
        let uploaded = ModelInputs {
            pixel_values: inputs.pixel_values.f_to_device(self.device)?,
            pixel_attention_mask: inputs.pixel_attention_mask.f_to_device(self.device)?,
            spatial_shapes: inputs.spatial_shapes.f_to_device(self.device)?,
            // transformers makes `spatial_shapes` on the CPU.
            host_shapes: (inputs.spatial_shapes.device() == Device::Cpu).then_some(inputs.spatial_shapes),
        };
        clock.mark(Stage::Upload);
        Ok(uploaded)
    }
}
