//! The bench: every step in every round, then one run.

use std::{
    collections::BTreeMap,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Error, Result};
use indicatif::ProgressBar;
use patchmark_results::{PartialBecause, Run, RunSettings, run::RUN_VERSION};
use tch::{Device, Kind, Tensor};

use super::{
    forwards::TimedForward,
    loader::{self, Loaders},
    pipeline::{MakeProcessor, Preparer},
    rounds::{Orders, end},
    sizes::BatchSizes,
    step::Shared,
};
use crate::{
    interrupt::Interrupt,
    measure::{
        environment,
        failure::{Failure, classify, reason},
        gpu::{self, GpuMonitor},
    },
    model::{TextInputs, TextTokenizer},
    processor::{Processor, References},
    workload::Workload,
};

/// Everything that a bench of one workload needs.
pub struct Bench<'a> {
    /// The processors, in the order of the table.
    pub processors: &'a [Box<dyn Processor>],
    /// What outputs are compared with.
    pub references: &'a References,
    /// The forwards of all runs; the first of a run is the one that its charts are drawn against.
    pub forwards: &'a [TimedForward],
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
    /// Decoding times of the same files that are known already, by batch size, which then are not taken again.
    pub decode_ms: BTreeMap<usize, Vec<f64>>,
    /// torch's DataLoader as rows of its own, measured after the rounds; none where it was not asked for.
    pub loaders: Option<Loaders>,
    /// What was asked for, as it is saved: one run is made of each. They differ in the forward's dtype and tower only;
    /// at least one.
    pub settings: Vec<RunSettings>,
}

impl Bench<'_> {
    /// What all runs share.
    fn common(&self) -> &RunSettings {
        &self.settings[0]
    }
}

/// What a reader must know of the loaders' rows.
const LOADERS: &str = "loader-N is torch's DataLoader with N worker processes running hf: its ms/batch is the time until \
     the next batch is there, with nothing beside it; taken after the rounds, so no ratio is paired; its images are decoded already";

/// Measures one workload; returns one run for each of the bench's settings. What preprocessing takes does not depend on
/// the forward, so all runs share its times, and every ratio is formed within a round.
///
/// A batch size for which there is no memory ends with its reason, and so does a processor that fails; the others
/// go on. Where the GPU is lost, what was measured before is returned, marked partial.
///
/// # Errors
/// If the reference fails for another reason.
pub fn bench(bench: &Bench<'_>, progress: &ProgressBar, interrupt: &Interrupt) -> Result<Vec<Run>> {
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let environment = environment()?;
    let mut monitor = GpuMonitor::open(bench.device);
    let preparers = match &bench.pipelined {
        None => Vec::new(),
        Some(make) => {
            let names = bench.processors.iter().map(|processor| processor.name());
            let threads = bench.common().threads;
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
        threads: bench.common().threads,
        runs: bench.settings.len(),
    };

    let texts = bench.text.map(|text| bench.batch_sizes.iter().map(|&size| text.first(size)).collect());
    let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
    let mut sizes = BatchSizes::new(bench.workload, bench.batch_sizes, &texts, &bench.decode_ms)?;
    let mut notes = Vec::new();
    if bench.settings.len() > 1 {
        notes.push(format!(
            "measured together with {} other settings of the forward; preprocess times are the same samples in all of them",
            bench.settings.len() - 1
        ));
    }
    if !bench.decode_ms.is_empty() {
        notes.push("decoding was timed once, with the first of the workloads that share these files".into());
    }
    if bench.decode {
        notes.push(format!(
            "pipelined rates include decoding the files of each batch, on {} threads",
            bench.common().threads
        ));
    }
    let mut partial: Option<PartialBecause>;
    let mut agreements = vec![Vec::new(); bench.settings.len()];
    match rounds(bench, &shared, &mut sizes, monitor.as_mut(), progress, interrupt) {
        Ok(end) => {
            partial = end.interrupted.then_some(PartialBecause::Interrupted);
            notes.push(end.sentence);
            for (run, notes) in agreements.iter_mut().enumerate() {
                match agreement(&shared, &sizes, run) {
                    Ok(sentences) => notes.extend(sentences),
                    // All samples are there already.
                    Err(error) => {
                        if classify(&error) == Failure::DeviceLost {
                            partial.get_or_insert(PartialBecause::DeviceLost);
                        }
                        notes.push(format!("the forwards could not be compared: {}", reason(&error)));
                    }
                }
            }
        }
        Err(error) if classify(&error) == Failure::DeviceLost => {
            partial = Some(PartialBecause::DeviceLost);
            notes.push(lost(&error, "measuring"));
        }
        Err(error) => return Err(error),
    }
    let mut loader_rows: BTreeMap<usize, Vec<loader::Row>> = BTreeMap::new();
    if let (Some(loaders), None) = (&bench.loaders, partial) {
        for (batch, text) in sizes.under_test() {
            progress.set_message(format!("torch's DataLoader, batch {}", batch.size()));
            match loader::rows(&shared, loaders, batch.images(), text, interrupt) {
                Ok(rows) => drop(loader_rows.insert(batch.size(), rows)),
                Err(error) => {
                    partial = Some(PartialBecause::DeviceLost);
                    notes.push(lost(&error, "measuring torch's DataLoader"));
                    break;
                }
            }
        }
        notes.push(LOADERS.into());
        if interrupt.load(Ordering::Relaxed) {
            partial.get_or_insert(PartialBecause::Interrupted);
        }
    }
    let record = monitor.map(|monitor| monitor.record().clone());
    notes.extend(record.iter().flat_map(gpu::notes));
    let partial = partial.or_else(|| sizes.incomplete().then_some(PartialBecause::Unreached));
    let elapsed_s = started.elapsed().as_secs_f64();
    let finished = bench.settings.iter().zip(agreements).enumerate().map(|(run, (settings, agreements))| {
        let own = sizes.under_test().flat_map(|(batch, _)| batch.notes(&shared, run));
        let notes = agreements.into_iter().chain(notes.iter().cloned()).chain(own).collect();
        let mut batches = sizes.finish(&shared, run);
        for batch in &mut batches {
            let rows = loader_rows.get(&batch.batch_size).into_iter().flatten();
            batch.processors.extend(rows.map(|row| row.of_run(&shared, run)));
        }
        Run {
            schema_version: RUN_VERSION,
            started_unix_s,
            elapsed_s,
            partial: partial.is_some(),
            partial_because: partial,
            notes,
            environment: environment.clone(),
            gpu: record.clone(),
            settings: settings.clone(),
            batches,
        }
    });
    Ok(finished.collect())
}

/// How measuring ended.
struct Ended {
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
) -> Result<Ended> {
    let each = |index| shared.steps().into_iter().map(move |step| (index, step)).collect();
    let mut orders = Orders::new((0..bench.batch_sizes.len()).map(each).collect(), bench.common().seed);
    let budget = Duration::from_secs_f64(bench.common().budget_s);
    let mut measuring = Instant::now();
    let mut rounds = 0;
    loop {
        let interrupted =
            || Ended { sentence: format!("interrupted after {rounds} rounds"), interrupted: true };
        if interrupt.load(Ordering::Relaxed) {
            return Ok(interrupted());
        }
        let round_started = Instant::now();
        for (index, step) in orders.next() {
            if let Some(size) = sizes.waiting(index) {
                progress.set_message(format!("warm-up, batch {size}"));
                progress.tick();
                let warming = Instant::now();
                sizes.warm_up(shared, index, interrupt)?;
                if interrupt.load(Ordering::Relaxed) {
                    return Ok(interrupted());
                }
                // The budget is for measuring.
                measuring += warming.elapsed();
            }
            let Some(batch) = sizes.get_mut(index) else { continue };
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batch.label(shared, step);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, {left} s left at most", rounds + 1));
            batch.take(shared, step).with_context(|| format!("failed in round {}, {label}", rounds + 1))?;
            if let Some(monitor) = monitor.as_deref_mut().filter(|_| step.is_forward()) {
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
            return Ok(Ended { sentence: end.sentence(rounds), interrupted: false });
        }
    }
}

/// A sentence about a GPU that was lost.
fn lost(error: &Error, during: &str) -> String {
    format!("the GPU was lost during {during}, and only what was measured before is here: {}", reason(error))
}

/// How far each other forward of a run is from its first on the first batch; nothing where the first failed.
fn agreement(shared: &Shared<'_>, sizes: &BatchSizes<'_>, run: usize) -> Result<Vec<String>> {
    let Some((batch, text)) = sizes.under_test().next() else { return Ok(Vec::new()) };
    let embeds = |timed: &TimedForward| -> Result<Tensor> {
        timed.prepare(shared.device)?;
        let outputs = timed.forward.forward(batch.inputs(), timed.text(text))?;
        Ok(outputs.image_embeds.f_to_kind(Kind::Double)?)
    };
    let mut forwards = batch.forwards_of(shared, run);
    let Some((first, _)) = forwards.next().filter(|(_, passes)| passes.failure.is_none()) else {
        return Ok(Vec::new());
    };
    let right = embeds(first)?;
    let mut sentences = Vec::new();
    for (other, _) in forwards.filter(|(_, passes)| passes.failure.is_none()) {
        sentences.push(format!(
            "the {} and {} forwards agree within {:.1e} on normalised image embeddings",
            first.forward.name(),
            other.forward.name(),
            embeds(other)?.f_subtract(&right)?.f_abs()?.f_max()?.f_double_value(&[])?
        ));
    }
    Ok(sentences)
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
