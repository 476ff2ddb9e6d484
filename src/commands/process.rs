//! `patchmark process`.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::Result;
use bytesize::ByteSize;
use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use patchmark_results::{
    Outcome, SkippedFile, input_error,
    shards::{INDEX_VERSION, Index, RowTensor, ShardSettings},
    text::plural,
};

use super::options::{DeviceOptions, ImageOptions, ParameterOptions, allow_network};
use crate::{
    console::{outln, tell},
    interrupt::{self, Idle},
    process::{Job, images_per_shard},
    processor::{self, Parameters, REFERENCE},
    python::DecoderChoice,
};

/// The extension that makes `--out` one file.
const EXTENSION: &str = "safetensors";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The processor's name
    #[arg(long, value_name = "NAME", default_value = "fused", env = "PATCHMARK_PROCESSOR")]
    processor: String,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    #[command(flatten)]
    device: DeviceOptions,
    /// Where pixel_values, pixel_attention_mask and spatial_shapes go: one FILE.safetensors, or a folder of shards with an
    /// index. An unfinished folder is resumed
    #[arg(long, value_name = "PATH", env = "PATCHMARK_OUT_FILE")]
    out: PathBuf,
    /// About the size of a shard, such as 500MB or 2GiB
    #[arg(long, value_name = "SIZE", default_value = "1GB", env = "PATCHMARK_SHARD_SIZE")]
    shard_size: ByteSize,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let device = arguments.device.device()?;
    let names = processor::parse_names(&arguments.processor, device)?;
    let [name] = names.as_slice() else {
        return Err(input_error!("--processor {}: name one processor", arguments.processor));
    };
    let one_file = arguments.out.extension().is_some_and(|extension| extension == EXTENSION);
    check_kind(arguments, one_file)?;
    let parameters = arguments.parameters.parameters(None)?;
    let decoder = arguments.images.decoder_of(name);
    let source = arguments.images.source_with(decoder)?;
    let files = source.encoded()?;
    let threads = arguments.device.use_threads()?;
    let interrupt = interrupt::listen(Idle::Stops("stopping after the images at hand"))?;
    let processor = processor::create(name, &parameters, device, threads)?;
    // Importing Python's modules may have changed torch's number of threads.
    arguments.device.use_threads()?;

    let bar = progress(files.len() as u64)?;
    let job = Job {
        files: &files,
        skip_bad_files: source.skips_bad_files(),
        processor: processor.as_ref(),
        reads_files: *name == REFERENCE && decoder == DecoderChoice::Reference,
        parameters: &parameters,
        threads,
        interrupt: &interrupt,
        bar: &bar,
    };
    let finished = if one_file {
        job.to_file(&arguments.out)?.map(|file| {
            print_tensors(&file.tensors, file.shard.images);
            file.skipped_files
        })
    } else {
        let settings = settings(arguments, name, decoder, &parameters);
        job.to_folder(&arguments.out, settings)?.map(|index| print_folder(arguments, index))
    };
    bar.finish_and_clear();
    let Some(skipped) = finished else {
        tell!(
            "{}",
            if one_file {
                "interrupted; nothing is saved"
            } else {
                "interrupted; finished shards are kept: run the same command again to resume"
            }
        );
        return Ok(Outcome::Interrupted);
    };
    if let Some(sentence) = SkippedFile::sentence(&skipped) {
        tell!("{sentence}");
    }
    Ok(Outcome::Done)
}

/// Checks that `--out` is not the other kind of thing already.
fn check_kind(arguments: &Arguments, one_file: bool) -> Result<()> {
    let out = &arguments.out;
    if one_file && out.is_dir() {
        return Err(input_error!("cannot write {}: it is a folder; name a file", out.display()));
    }
    if !one_file && out.exists() && !out.is_dir() {
        return Err(input_error!(
            "cannot write shards to {}: it is not a folder; name a folder, or a file that ends in .{EXTENSION}",
            out.display()
        ));
    }
    Ok(())
}

/// Everything that decides what the shards hold.
fn settings(
    arguments: &Arguments,
    name: &str,
    decoder: DecoderChoice,
    parameters: &Parameters,
) -> ShardSettings {
    ShardSettings {
        index_version: INDEX_VERSION,
        patchmark: env!("CARGO_PKG_VERSION").into(),
        processor: name.to_owned(),
        device: arguments.device.name().to_owned(),
        decoder: decoder.name().to_owned(),
        parameters: parameters.record(),
        images_per_shard: images_per_shard(parameters, arguments.shard_size.as_u64()),
    }
}

fn progress(files: u64) -> Result<ProgressBar> {
    let template = "{bar:28} {human_pos} of {human_len} files, {rate} per second, {eta} left";
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A line that is not drawn loses nothing.
        let _ = write!(out, "{:.0}", state.per_sec());
    };
    let style = ProgressStyle::with_template(template)?.with_key("rate", rate);
    Ok(ProgressBar::new(files).with_style(style))
}

fn print_tensors(tensors: &BTreeMap<String, RowTensor>, images: u64) {
    for (name, RowTensor { dtype, shape }) in tensors {
        let shape: Vec<String> =
            [images.to_string()].into_iter().chain(shape.iter().map(usize::to_string)).collect();
        outln!("{name} {dtype} [{}]", shape.join(", "));
    }
}

/// Prints what a folder holds, and returns the files that were left out.
fn print_folder(arguments: &Arguments, index: Index) -> Vec<SkippedFile> {
    let images = index.images.len() as u64;
    print_tensors(&index.tensors, images);
    outln!(
        "{} in {} in {}; index.json names the shard and the row of each file",
        plural(images, "image"),
        plural(index.shards.len() as u64, "shard"),
        arguments.out.display()
    );
    index.skipped_files
}
