//! `pillow+hf` and `pillow+fused`: Pillow decodes.

use std::sync::Arc;

use anyhow::Result;
use tch::Device;

use super::{
    flow::{Files, Flow},
    huggingface::class,
};
use crate::{
    inputs::ModelInputs,
    processor::{FedBatch, Feed, Fused, HuggingFace, Parameters, Processor, Stage, StageClock},
    python::{have_pixels, load_images, open_images},
    workload::DecodedImage,
};

/// What most people write: `Image.open(path).convert("RGB")` for each file, then transformers' class.
pub(super) struct PillowHf {
    class: HuggingFace,
    device: Device,
    threads: usize,
}

impl PillowHf {
    pub(super) fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        Ok(Self { class: class(parameters, device)?, device, threads })
    }
}

impl Flow for PillowHf {
    fn name(&self) -> &'static str {
        "pillow+hf"
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs> {
        let images = open_images(&files.paths)?;
        clock.mark(Stage::Decode);
        self.class.process(&FedBatch::Pil(images), &mut StageClock::disabled())
    }

    fn decodes_to(&self, files: &Files<'_>, images: &[Arc<DecodedImage>]) -> Result<bool> {
        have_pixels(&open_images(&files.paths)?, images)
    }

    fn computes_on(&self) -> Device {
        self.device
    }
}

/// Images as transformers' `load_image` opens them, on as many Python threads, whose pixels Pillow lends to the one pass.
pub(super) struct PillowFused {
    fused: Fused,
    threads: usize,
}

impl PillowFused {
    pub(super) fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        Ok(Self { fused: Fused::new("fused-pil", Feed::Pil, parameters, device, threads)?, threads })
    }
}

impl Flow for PillowFused {
    fn name(&self) -> &'static str {
        "pillow+fused"
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs> {
        let images = load_images(&files.paths, self.threads)?;
        clock.mark(Stage::Decode);
        self.fused.process(&FedBatch::Pil(images), &mut StageClock::disabled())
    }

    fn decodes_to(&self, files: &Files<'_>, images: &[Arc<DecodedImage>]) -> Result<bool> {
        have_pixels(&load_images(&files.paths, self.threads)?, images)
    }

    fn computes_on(&self) -> Device {
        Device::Cpu
    }
}
