//! The bench: every subject in every round, then one run.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Error, Result};
use indicatif::ProgressBar;
use tch::{Device, Kind};

use super::{
    environment::environment,
    failure::{Failure, classify, reason},
    gpu::{self, GpuMonitor},
    loader::{self, Loaders},
    pipeline::{MakeProcessor, Preparer},
    rounds::{Orders, end},
    sizes::BatchSizes,
    subjects::Shared,
};
use crate::{
    model::{Forward, TextInputs, TextTokenizer},
    processor::{Processor, References},
    report::schema::{Run, SCHEMA_VERSION, Settings},
    workload::Workload,
};

/// Set by Ctrl-C: the round is finished, and what was measured is saved as partial.
pub type Interrupt = AtomicBool;

/// Everything that a bench of one workload needs.
pub struct Bench<'a> {
    /// The processors, in the order of the table.
    pub processors: &'a [Box<dyn Processor>],
    /// What outputs are compared with.
    pub references: &'a References,
    /// The forwards; the first is the one that charts are drawn against.
    pub forwards: &'a [Box<dyn Forward>],
    /// Texts for the full model, one a row, at least as many as the largest batch.
    pub text: Option<&'a TextInputs>,
    /// The checkpoint's tokenizer, where it has one.
    pub tokenizer: Option<&'a TextTokenizer>,
    /// The images.
    pub workload: &'a Workload,
    /// Batch sizes in the order of the table.
    pub batch_sizes: &'a [usize],
    /// Where the forward runs.
    pub device: Device,
    /// Whether the time of each stage is taken too, in passes of their own.
    pub stages: bool,
    /// Makes the processors of the threads that prepare batches beside the forward, where overlap is measured.
    pub pipelined: Option<MakeProcessor>,
    /// Whether those threads also decode the stored images, which then must be of the workload's sizes.
    pub decode: bool,
    /// torch's DataLoader as rows of its own, measured after the rounds; none where it was not asked for.
    pub loaders: Option<Loaders>,
    /// What was asked for, as it is saved.
    pub settings: Settings,
}

/// What a reader must know of the loaders' rows.
const LOADERS: &str = "loader-N is torch's DataLoader with N worker processes running hf: its ms/batch is the time until \
     the next batch is there, with nothing beside it; taken after the rounds, so no ratio is paired; its images are decoded already";

/// Measures one workload.
///
/// A batch size for which there is no memory ends with its reason, and so does a processor that fails; the others
/// go on. Where the GPU is lost, what was measured before is returned, marked partial.
///
/// # Errors
/// If the reference fails for another reason.
pub fn bench(bench: &Bench<'_>, progress: &ProgressBar, interrupt: &Interrupt) -> Result<Run> {
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let environment = environment()?;
    let mut monitor = GpuMonitor::open(bench.device);
    let preparers = match &bench.pipelined {
        None => Vec::new(),
        Some(make) => {
            let names = bench.processors.iter().map(|processor| processor.name());
            let threads = bench.settings.threads;
            names
                .map(|name| Preparer::start(name, bench.device, make.clone(), threads))
                .collect::<Result<_>>()?
        }
    };
    let shared = Shared {
        processors: bench.processors,
        forwards: bench.forwards,
        references: bench.references,
        tokenizer: bench.tokenizer,
        preparers,
        decode: bench.decode,
        device: bench.device,
        stages: bench.stages,
        threads: bench.settings.threads,
    };

    let texts = bench.text.map(|text| bench.batch_sizes.iter().map(|&size| text.first(size)).collect());
    let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
    let mut sizes = BatchSizes::new(bench.workload, bench.batch_sizes, &texts);
    let mut notes = Vec::new();
    if bench.decode {
        notes.push(format!(
            "pipelined rates include decoding the files of each batch, on {} threads",
            bench.settings.threads
        ));
    }
    let mut partial;
    match rounds(bench, &shared, &mut sizes, monitor.as_mut(), progress, interrupt) {
        Ok(end) => {
            partial = end.interrupted;
            notes.extend(agreement(&shared, &sizes)?);
            notes.push(end.sentence);
        }
        Err(error) if classify(&error) == Failure::DeviceLost => {
            partial = true;
            notes.push(lost(&error, "measuring"));
        }
        Err(error) => return Err(error),
    }
    let mut loader_rows = BTreeMap::new();
    if let (Some(loaders), false) = (&bench.loaders, partial) {
        for (batch, text) in sizes.under_test() {
            progress.set_message(format!("torch's DataLoader, batch {}", batch.size()));
            match loader::rows(&shared, loaders, batch.images(), text, interrupt) {
                Ok(rows) => drop(loader_rows.insert(batch.size(), rows)),
                Err(error) => {
                    partial = true;
                    notes.push(lost(&error, "measuring torch's DataLoader"));
                    break;
                }
            }
        }
        notes.push(LOADERS.into());
        partial = partial || interrupt.load(Ordering::Relaxed);
    }
    let record = monitor.map(|monitor| monitor.record().clone());
    notes.extend(record.iter().flat_map(gpu::notes));
    notes.extend(sizes.under_test().flat_map(|(batch, _)| batch.notes(&shared)));
    let partial = partial || sizes.incomplete();
    let mut batches = sizes.finish(&shared);
    for batch in &mut batches {
        batch.processors.extend(loader_rows.remove(&batch.batch_size).unwrap_or_default());
    }
    Ok(Run {
        schema_version: SCHEMA_VERSION,
        started_unix_s,
        elapsed_s: started.elapsed().as_secs_f64(),
        partial,
        notes,
        environment,
        gpu: record,
        settings: bench.settings.clone(),
        batches,
    })
}

/// How measuring ended.
struct End {
    sentence: String,
    interrupted: bool,
}

/// Rounds until the intervals are narrow, the budget is spent, or Ctrl-C.
fn rounds(
    bench: &Bench<'_>,
    shared: &Shared<'_>,
    sizes: &mut BatchSizes<'_>,
    mut monitor: Option<&mut GpuMonitor>,
    progress: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<End> {
    let each = |index| shared.subjects().into_iter().map(move |subject| (index, subject)).collect();
    let mut orders = Orders::new((0..bench.batch_sizes.len()).map(each).collect(), bench.settings.seed);
    let budget = Duration::from_secs_f64(bench.settings.budget_s);
    let mut measuring = Instant::now();
    let mut rounds = 0;
    loop {
        let interrupted = End { sentence: format!("interrupted after {rounds} rounds"), interrupted: true };
        if interrupt.load(Ordering::Relaxed) {
            return Ok(interrupted);
        }
        let round_started = Instant::now();
        for (index, subject) in orders.next() {
            if let Some(size) = sizes.waiting(index) {
                if interrupt.load(Ordering::Relaxed) {
                    return Ok(interrupted);
                }
                progress.set_message(format!("warm-up, batch {size}"));
                progress.tick();
                let warming = Instant::now();
                sizes.warm_up(shared, index)?;
                // The budget is for measuring.
                measuring += warming.elapsed();
            }
            let Some(batch) = sizes.get_mut(index) else { continue };
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batch.label(shared, subject);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, {left} s left at most", rounds + 1));
            batch
                .take(shared, subject)
                .with_context(|| format!("failed in round {}, {label}", rounds + 1))?;
            if let Some(monitor) = monitor.as_deref_mut().filter(|_| subject.is_forward()) {
                monitor.observe();
            }
        }
        rounds += 1;
        if let Some(monitor) = &mut monitor {
            monitor.end_round();
        }
        let widest = sizes
            .under_test()
            .map(|(batch, _)| batch.widest_interval())
            .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)));
        if let Some(end) = end(rounds, measuring, round_started.elapsed(), budget, widest) {
            return Ok(End { sentence: end.sentence(rounds), interrupted: false });
        }
    }
}

/// A sentence about a GPU that was lost.
fn lost(error: &Error, during: &str) -> String {
    format!("the GPU was lost during {during}, and only what was measured before is here: {}", reason(error))
}

/// How far each other forward is from the first on the first batch; those without memory are left out.
fn agreement(shared: &Shared<'_>, sizes: &BatchSizes<'_>) -> Result<Vec<String>> {
    let (Some((batch, text)), Some(first)) = (sizes.under_test().next(), shared.forwards.first()) else {
        return Ok(Vec::new());
    };
    if batch.forwards[0].failure.is_some() {
        return Ok(Vec::new());
    }
    let right = first.forward(batch.inputs(), text)?.image_embeds.f_to_kind(Kind::Double)?;
    let mut sentences = Vec::new();
    for (other, passes) in shared.forwards.iter().zip(&batch.forwards).skip(1) {
        if passes.failure.is_none() {
            let given = other.forward(batch.inputs(), text)?.image_embeds.f_to_kind(Kind::Double)?;
            sentences.push(format!(
                "the {} and {} forwards agree within {:.1e} on normalised image embeddings",
                first.name(),
                other.name(),
                given.f_subtract(&right)?.f_abs()?.f_max()?.f_double_value(&[])?
            ));
        }
    }
    Ok(sentences)
}

#[cfg(test)]
#[path = "bench_tests.rs"]
mod tests;
