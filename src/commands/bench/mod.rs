//! `patchmark bench`.

mod arguments;
mod photographs;
mod plan;
mod prepared;

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::Result;
use patchmark_report::store;
use patchmark_results::{Journal, Kind, Outcome, Run, input_error};

pub(super) use self::arguments::{Arguments, LARGEST_BATCH};
use self::{
    arguments::{Mode, modes},
    photographs::Photographs,
    plan::Plan,
    prepared::Asked,
};
use super::{
    journals::{self, within},
    lineup::Lineup,
    options::{allow_network, progress_bar, use_threads},
    saved::print_and_save,
};
use crate::{
    bench::{Bench, DecodeTimes, check_forwards},
    console::{out, tell},
    interrupt::{self, Idle, Interrupt},
    measure::Precision,
    model::ModelSource,
    python,
    workload::{Size, Workload},
};

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    // Check everything that can be wrong before anything slow starts.
    let batch_sizes = arguments.batch_sizes.0.clone();
    let model_source: ModelSource = arguments.model.parse()?;
    allow_network(matches!(model_source, ModelSource::Hub(_)));
    let device = if arguments.plan { arguments.device.named()? } else { arguments.device.device()? };
    let lineup = Lineup::parse(&arguments.processors, device)?;
    check_forwards(&arguments.forward, device)?;
    let modes = modes(arguments, device)?;
    check_sizes(arguments)?;
    let parameters = arguments.parameters.parameters(model_source.folder())?;
    let photographs =
        (arguments.from_files && !arguments.plan).then(|| Photographs::of(arguments)).transpose()?;
    let source = match &photographs {
        Some(photographs) => photographs.source(),
        None => arguments.images.source()?,
    };
    let workloads = Workload::load_all(&source, &arguments.sizes)?;
    let below: Vec<Vec<PathBuf>> =
        workloads.iter().map(|workload| below(arguments, &workload.name, workloads.len(), &modes)).collect();
    let folders = |below: &[PathBuf]| below.iter().map(|below| within(&arguments.out, below)).collect();
    let folders: Vec<Vec<PathBuf>> = below.iter().map(|below| folders(below)).collect();
    let largest = batch_sizes.iter().copied().max().unwrap_or(0);
    workloads.iter().try_for_each(|workload| workload.check_batch(largest))?;
    if arguments.plan {
        let plan =
            Plan { arguments, names: &lineup.names(), batch_sizes: &batch_sizes, modes: &modes, device };
        out!("{}", plan.render(&workloads, &folders));
        return Ok(Outcome::Done);
    }
    for folder in folders.iter().flatten() {
        store::check_writable(folder, Kind::Run)?;
    }
    let threads = arguments.device.use_threads()?;
    let interrupt = interrupt::listen(Idle::Leaves)?;

    let maker = lineup.maker(threads, &interrupt)?;
    journals::tell_of_others(&arguments.out);
    let dtypes: Vec<String> = arguments.dtype.iter().map(Precision::to_string).collect();
    tell!("loading {} ({}) …", arguments.model, dtypes.join(", "));
    let models = prepared::load(&model_source, arguments, device)?;
    let model = &models[0];
    if parameters.patch_size != model.config.vision.patch_size as usize {
        return Err(input_error!(
            "patch_size {} does not fit the model's patches of {} px; give --patch-size {} or another --model",
            parameters.patch_size,
            model.config.vision.patch_size,
            model.config.vision.patch_size
        ));
    }
    python::start()?;
    // Importing transformers changes torch's number of threads on some machines.
    use_threads(threads)?;
    let asked = Asked { arguments, modes: &modes, parameters: &parameters, device, threads };
    let bench = asked.bench(&models, maker.make(&parameters)?)?;
    maker.wait()?;
    measure(arguments, &bench, &workloads, &below, &interrupt)
}

/// Refuses sizes that files do not decode to.
fn check_sizes(arguments: &Arguments) -> Result<()> {
    let asked = [("--decode", arguments.decode), ("--from-files", arguments.from_files)];
    let other = arguments.sizes.iter().find(|size| *size != Size::Mixed);
    match (asked.into_iter().find(|(_, asked)| *asked), other) {
        (Some((option, _)), Some(size)) => Err(input_error!(
            "{option} with --sizes {size}: files decode to their own sizes; give --sizes mixed, or leave {option} out"
        )),
        _ => Ok(()),
    }
}

/// Measures one workload after another, and saves the runs of each as soon as it is done.
fn measure(
    arguments: &Arguments,
    bench: &Bench,
    workloads: &[Workload],
    below: &[Vec<PathBuf>],
    interrupt: &Interrupt,
) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    let mut decode_ms = DecodeTimes::new();
    for (workload, below) in workloads.iter().zip(below) {
        let (runs, journal) = measure_one(arguments, bench, workload, below, &decode_ms, interrupt)?;
        let _saving = interrupt::saving();
        let mut all_saved = true;
        for (run, below) in runs.iter().zip(below) {
            let ended = print_and_save(run, arguments.json, &within(&arguments.out, below))?;
            all_saved &= ended.saved;
            outcome = outcome.worse(ended.outcome);
        }
        journals::end(journal, all_saved);
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
        if bench.device.is_cuda() {
            keep_decode_times(&runs, &mut decode_ms);
        }
    }
    Ok(outcome)
}

/// Measures one workload. What is measured is in the journal, too, until it is saved.
fn measure_one(
    arguments: &Arguments,
    bench: &Bench,
    workload: &Workload,
    below: &[PathBuf],
    decode_ms: &DecodeTimes,
    interrupt: &Interrupt,
) -> Result<(Vec<Run>, Journal)> {
    let planned = bench.planned(workload)?;
    let mut journal = journals::begin(&arguments.out, &bench.header(&planned, below));
    let progress = progress_bar((arguments.budget * 1e3) as u64)?;
    let runs = bench.measure(workload, planned, decode_ms, &progress, interrupt, &mut journal);
    progress.finish_and_clear();
    match runs {
        Ok(runs) => Ok((runs, journal)),
        Err(error) => {
            journals::end(journal, false);
            Err(error.context(format!("failed to bench {}", workload.name)))
        }
    }
}

/// Keeps the decode times for the workloads that follow, which have the same files.
fn keep_decode_times(runs: &[Run], known: &mut DecodeTimes) {
    for batch in runs.first().into_iter().flat_map(|run| &run.batches) {
        if !batch.decode_ms.samples.is_empty() {
            known.insert(batch.batch_size, batch.decode_ms.samples.clone());
        }
    }
}

/// The folders of a workload's runs below `--out`: empty, for `--out` itself, if there is only one run; otherwise named
/// after the workload, dtype and tower, each only if there are several.
fn below(arguments: &Arguments, workload: &str, workloads: usize, modes: &[Mode]) -> Vec<PathBuf> {
    let folder = |&(precision, tower): &Mode| {
        let mut parts = Vec::new();
        parts.extend((workloads > 1).then(|| workload.to_owned()));
        parts.extend((arguments.dtype.len() > 1).then(|| precision.to_string()));
        parts.extend((arguments.tower.len() > 1).then(|| tower.to_string()));
        PathBuf::from(parts.join("-"))
    };
    modes.iter().map(folder).collect()
}
