//! `patchmark process`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use patchmark_results::{Outcome, SkippedFile, document, input_error};

use super::options::{DeviceOptions, ImageOptions, ParameterOptions, allow_network};
use crate::{
    console::{outln, tell},
    processor::{self, FedBatch, StageClock},
    workload::{Sizes, Workload},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The processor's name
    #[arg(long, value_name = "NAME", default_value = "batched", env = "PATCHMARK_PROCESSOR")]
    processor: String,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// The safetensors file to write: pixel_values, pixel_attention_mask, spatial_shapes
    #[arg(long, value_name = "FILE", env = "PATCHMARK_OUT_FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let device = arguments.device.device()?;
    let names = processor::parse_names(&arguments.processor, device)?;
    let [name] = names.as_slice() else {
        return Err(input_error!("--processor {}: name one processor", arguments.processor));
    };
    let parameters = arguments.parameters.parameters(None)?;
    // Beside the target, so that the rename at the end is atomic; before anything slow, so that an unwritable folder is
    // reported at once.
    let temporary = document::beside(&arguments.out)?;
    if arguments.out.is_dir() {
        return Err(input_error!("cannot write {}: it is a folder; name a file", arguments.out.display()));
    }
    let workloads = Workload::load_all(&arguments.images.source(), &Sizes::mixed())?;
    let threads = arguments.device.use_threads()?;

    let processor = processor::create(name, &parameters, device, threads)?;
    for workload in &workloads {
        if let Some(skipped) = SkippedFile::sentence(&workload.skipped) {
            tell!("{skipped}");
        }
        let images = workload.batch(workload.images.len())?;
        let inputs = processor
            .process(&FedBatch::new(processor.feed(), &images)?, &mut StageClock::disabled())
            .with_context(|| format!("failed to process {}", workload.description))?;
        tch::Tensor::write_safetensors(&inputs.named(), temporary.path())
            .with_context(|| format!("failed to write {}", arguments.out.display()))?;
        for (tensor, value) in inputs.named() {
            outln!("{tensor} {:?} {:?}", value.kind(), value.size());
        }
    }
    document::replace(&arguments.out, temporary)?;
    Ok(Outcome::Done)
}
