//! `hf-paths`: transformers' class, which is given the names of files and decodes them itself.

use std::sync::Arc;

use anyhow::Result;
use patchmark_results::REFERENCE_FLOW;
use pyo3::Python;
use tch::Device;

use super::flow::{Files, Flow};
use crate::{
    inputs::ModelInputs,
    processor::{Backend, FedBatch, Feed, HuggingFace, Parameters, Processor, REFERENCE, StageClock},
    workload::DecodedImage,
};

/// The class of the reference.
pub(super) fn class(parameters: &Parameters, device: Device) -> Result<HuggingFace> {
    HuggingFace::new(REFERENCE, Backend::Torchvision, Feed::Pil, parameters, device)
}

/// `Siglip2ImageProcessor()(images=["a.jpg", …])`.
pub(super) struct HfPaths {
    class: HuggingFace,
    device: Device,
    threads: usize,
}

impl HfPaths {
    pub(super) fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        Ok(Self { class: class(parameters, device)?, device, threads })
    }
}

impl Flow for HfPaths {
    fn name(&self) -> &'static str {
        REFERENCE_FLOW
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs> {
        let paths = Python::attach(|py| files.paths.clone_ref(py));
        self.class.process(&FedBatch::Paths(paths), clock)
    }

    /// It defines which pixels are right.
    fn decodes_to(&self, _: &Files<'_>, _: &[Arc<DecodedImage>]) -> Result<bool> {
        Ok(true)
    }

    fn computes_on(&self) -> Device {
        self.device
    }
}
