//! `patchmark parity`.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use clap::Args;
use patchmark_report::store;
use patchmark_results::{DecodingParity, Kind, Outcome, Parity, input_error, parity::PARITY_VERSION};

use super::{
    lineup::Lineup,
    options::{DeviceOptions, ImageOptions, ParameterOptions, allow_network, progress_bar},
    saved::print_and_save,
    values::{Numbers, numbers},
};
use crate::{
    interrupt::{self, Idle, Interrupt},
    measure::environment,
    parity::{self, Check},
    processor::{Parameters, REFERENCE},
    python,
    workload::{Sizes, Workload, generated},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Processors, separated by commas; `all` stands for patchmark's own. python:FILE:CLASS, exec:COMMAND and
    /// transformers==VERSION run in worker processes
    #[arg(long, value_name = "NAMES", default_value = "all", env = "PATCHMARK_PROCESSORS")]
    processors: String,
    #[command(flatten)]
    images: ImageOptions,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// Values of max_num_patches to check, unless --max-num-patches names one
    #[arg(
        long,
        value_name = "N,…",
        default_value = "64,256,576,1024",
        value_parser = numbers::<{ 1 << 20 }>,
        env = "PATCHMARK_LIMITS"
    )]
    limits: Numbers,
    /// Leave out the generated images
    #[arg(long, env = "PATCHMARK_ONLY_IMAGES")]
    only_images: bool,
    #[command(flatten)]
    device: DeviceOptions,
    /// Seed of the generated images
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Folder for parity.json, summary.md, report.html and charts [default: runs/parity]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/parity",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    /// Print JSON instead of a table
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

impl Arguments {
    fn limits(&self) -> Vec<usize> {
        self.parameters.max_num_patches.map_or_else(|| self.limits.0.clone(), |limit| vec![limit])
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let device = arguments.device.device()?;
    let lineup = Lineup::parse(&arguments.processors, device)?;
    let parameters = arguments.parameters.parameters(None)?;
    let limits = arguments.limits();
    if lineup.names().iter().all(|name| name == REFERENCE) {
        return Err(input_error!(
            "--processors {}: name a candidate beside {REFERENCE}",
            arguments.processors
        ));
    }
    store::check_writable(&arguments.out, Kind::Parity)?;
    let workloads = Workload::load_all(&arguments.images.source()?, &Sizes::mixed())?;
    let threads = arguments.device.use_threads()?;
    let interrupt = interrupt::listen(Idle::Leaves)?;
    let maker = lineup.maker(threads, &interrupt)?;
    python::start()?;
    arguments.device.use_threads()?;

    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let decoding = held_against_loader(&workloads, &interrupt)?;
    let skipped_files = workloads.iter().flat_map(|workload| workload.skipped.clone()).collect();
    let photographs: Vec<_> = workloads.into_iter().flat_map(|workload| workload.images).collect();
    let undecoded = decoding.as_ref().is_some_and(|found| found.files < photographs.len());
    let specs = if arguments.only_images { Vec::new() } else { generated(arguments.seed) };
    let count = photographs.len() + specs.len();
    let progress = progress_bar(count as u64)?;
    let image = |index: usize| {
        Ok(match photographs.get(index) {
            Some(image) => Arc::clone(image),
            None => Arc::new(specs[index - photographs.len()].render()),
        })
    };
    let make = |parameters: &Parameters| {
        let processors = maker.make(parameters)?;
        maker.wait()?;
        Ok(processors)
    };
    let asked = Check { make: &make, parameters: &parameters, limits: &limits, device, threads, count };
    let result = parity::check(&asked, image, |images| {
        progress.set_position(images as u64);
        progress.set_message(format!("{images} of {count} images compared with {REFERENCE}"));
        !interrupt.load(Ordering::Relaxed)
    });
    progress.finish_and_clear();
    let result = result?;

    let run = Parity {
        schema_version: PARITY_VERSION,
        started_unix_s,
        elapsed_s: started.elapsed().as_secs_f64(),
        partial: result.images.len() < count || undecoded,
        reference: REFERENCE.into(),
        device: arguments.device.name().to_owned(),
        seed: arguments.seed,
        environment: environment()?,
        images: result.images,
        skipped_files,
        decoding,
        rows: result.rows,
        failures: result.failures,
    };
    let _saving = interrupt::saving();
    Ok(print_and_save(&run, arguments.json, &arguments.out)?.outcome)
}

/// The files of the one workload held against what their loader itself gives; none if they are built in.
fn held_against_loader(workloads: &[Workload], interrupt: &Interrupt) -> Result<Option<DecodingParity>> {
    let Some(workload) = workloads.first() else { return Ok(None) };
    let progress = progress_bar(workload.images.len() as u64)?;
    let found = parity::check_files(workload, |files| {
        progress.set_position(files as u64);
        progress.set_message(format!("{files} of {} files decoded by transformers", workload.images.len()));
        !interrupt.load(Ordering::Relaxed)
    });
    progress.finish_and_clear();
    found
}
