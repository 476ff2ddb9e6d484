//! `patchmark process`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::options::{DeviceOptions, ImageOptions, ParameterOptions, allow_network};
use crate::{
    error::Outcome,
    input_error,
    processor::{self, FedBatch, StageClock},
    workload::{Sizes, Workload},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The processor's name.
    #[arg(long, value_name = "NAME", default_value = "batched", env = "PATCHMARK_PROCESSOR")]
    processor: String,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// The safetensors file to write: pixel_values, pixel_attention_mask, spatial_shapes.
    #[arg(long, value_name = "FILE", env = "PATCHMARK_OUT")]
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
    let parent = arguments.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.map_or_else(|| PathBuf::from("."), PathBuf::from);
    // Beside the target, so that the rename at the end is atomic.
    let unwritable = |error| input_error!("cannot write {}: {error}", arguments.out.display());
    let temporary =
        tempfile::Builder::new().prefix(".patchmark-").tempfile_in(&folder).map_err(unwritable)?;
    if arguments.out.is_dir() {
        return Err(input_error!("cannot write {}: it is a folder; name a file", arguments.out.display()));
    }
    let workloads = Workload::load_all(&arguments.images.source(), &Sizes::mixed())?;
    let threads = arguments.device.use_threads()?;

    let processor = processor::create(name, &parameters, device, threads)?;
    for workload in &workloads {
        let images = workload.batch(workload.images.len())?;
        let inputs = processor
            .process(&FedBatch::new(processor.feed(), &images)?, &mut StageClock::disabled())
            .with_context(|| format!("failed to process {}", workload.description))?;
        tch::Tensor::write_safetensors(&inputs.named(), temporary.path())
            .with_context(|| format!("failed to write {}", arguments.out.display()))?;
        for (tensor, value) in inputs.named() {
            println!("{tensor} {:?} {:?}", value.kind(), value.size());
        }
    }
    let file = temporary.persist(&arguments.out).map_err(|error| unwritable(error.error))?;
    // A temporary file is private to its owner; the result is an ordinary file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(Outcome::Done)
}
