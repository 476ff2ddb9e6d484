//! `native+fused`: patchmark's own decoder and the one pass.

use std::sync::Arc;

use anyhow::Result;
use tch::Device;

use super::flow::{Files, Flow};
use crate::{
    bench::decoders::Decoders,
    inputs::ModelInputs,
    processor::{FedBatch, Feed, Fused, Parameters, Processor, Stage, StageClock},
    workload::DecodedImage,
};

/// Each file is decoded as everywhere in patchmark: natively, or by transformers' loader if there is any doubt. The memory of
/// its pixels is used again for the next batch.
pub(super) struct NativeFused {
    decoders: Decoders,
    fused: Fused,
    threads: usize,
}

impl NativeFused {
    pub(super) fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        let fused = Fused::new("fused", Feed::Hwc, parameters, device, threads)?;
        Ok(Self { decoders: Decoders::new(threads)?, fused, threads })
    }
}

impl Flow for NativeFused {
    fn name(&self) -> &'static str {
        "native+fused"
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs> {
        let images = self.decoders.decode(&files.encoded)?;
        clock.mark(Stage::Decode);
        let inputs = self.fused.process(&FedBatch::Hwc(images.clone()), &mut StageClock::disabled())?;
        self.decoders.reuse(images);
        Ok(inputs)
    }

    /// The workload's images were decoded by the same decoder.
    fn decodes_to(&self, _: &Files<'_>, _: &[Arc<DecodedImage>]) -> Result<bool> {
        Ok(true)
    }

    fn computes_on(&self) -> Device {
        Device::Cpu
    }
}
