//! Measures one workload: every step in every round, then one run per setting.

use std::{
    collections::BTreeMap,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Error, Result};
use indicatif::ProgressBar;
use patchmark_results::{Batch, PartialBecause, Run, RunSettings, run::RUN_VERSION, text::plural};

use super::{
    agreement::agreement,
    loader,
    rounds::{Intervals, Orders, end},
    setup::Bench,
    sizes::BatchSizes,
};
use crate::{
    interrupt::Interrupt,
    measure::{
        environment,
        failure::{Failure, classify, reason},
        gpu::{self, GpuMonitor},
    },
    model::TextInputs,
    workload::Workload,
};

/// What a reader must know about the loaders' rows.
const LOADERS: &str = "loader-N is torch's DataLoader with N worker processes running hf: its ms/batch is the time until \
     the next batch is on the device, with nothing else running; it is measured after the rounds, so it has no \
     ratio; its images are already decoded";

/// Decoding times by batch size, in milliseconds per batch.
pub type DecodeTimes = BTreeMap<usize, Vec<f64>>;

impl Bench {
    /// Measures one workload and returns one run per setting of the bench. Preprocessing does not depend on the
    /// forward, so all runs share its times, and every ratio is formed within a round.
    ///
    /// `decode_ms` holds decoding times of the same files that were taken earlier; on a GPU they are not taken again.
    ///
    /// A batch size that runs out of memory ends with the reason, and so does a processor that fails; the others
    /// continue. If the GPU is lost, what was measured before is returned, marked partial.
    ///
    /// # Errors
    /// If the input is wrong, or the reference, decoding or tokenising fails for another reason.
    pub fn measure(
        &self,
        workload: &Workload,
        decode_ms: &DecodeTimes,
        progress: &ProgressBar,
        interrupt: &Interrupt,
    ) -> Result<Vec<Run>> {
        let started_unix_s =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        let started = Instant::now();
        let environment = environment()?;
        let mut monitor = GpuMonitor::open(self.device);
        let texts =
            self.text.as_ref().map(|text| self.batch_sizes.iter().map(|&size| text.first(size)).collect());
        let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
        let mut sizes = BatchSizes::new(workload, &self.batch_sizes, &texts, decode_ms)?;
        let mut found = Found::new(self, !decode_ms.is_empty());
        match rounds(self, &mut sizes, monitor.as_mut(), progress, interrupt) {
            Ok(ended) => {
                found.ended(ended);
                found.agreements(self, &sizes);
            }
            Err(error) if classify(&error) == Failure::DeviceLost => found.lost(&error, "measuring"),
            Err(error) => return Err(error),
        }
        if found.partial.is_none() {
            found.measure_loaders(self, &sizes, progress, interrupt);
        }
        let record = monitor.map(|monitor| monitor.record().clone());
        found.notes.extend(record.iter().flat_map(gpu::notes));
        if sizes.incomplete() {
            found.partial.get_or_insert(PartialBecause::Unreached);
        }
        let elapsed_s = started.elapsed().as_secs_f64();
        let runs = self.settings.iter().enumerate().map(|(run, settings)| Run {
            schema_version: RUN_VERSION,
            started_unix_s,
            elapsed_s,
            partial: found.partial.is_some(),
            partial_because: found.partial,
            notes: found.notes_of(self, &sizes, run),
            environment: environment.clone(),
            gpu: record.clone(),
            settings: RunSettings { workload: workload.description.clone(), ..settings.clone() },
            batches: found.batches_of(self, &sizes, run),
        });
        Ok(runs.collect())
    }
}

/// What a bench collects besides samples.
struct Found {
    partial: Option<PartialBecause>,
    /// The notes that all runs share.
    notes: Vec<String>,
    /// By run, sentences on how closely its forwards agree.
    agreements: Vec<Vec<String>>,
    /// The loaders' rows by batch size.
    loader_rows: BTreeMap<usize, Vec<loader::Row>>,
}

impl Found {
    fn new(bench: &Bench, decode_known: bool) -> Self {
        let mut notes = Vec::new();
        if bench.settings.len() > 1 {
            notes.push(format!(
                "measured together with {} of the forward; preprocess times are the same samples in all of them",
                plural(bench.settings.len() as u64 - 1, "other setting")
            ));
        }
        if decode_known {
            notes.push(
                "decoding was timed once, with the first of the workloads that share these files".into(),
            );
        }
        if bench.decode {
            notes.push(format!(
                "pipelined rates include decoding the files of each batch, on {}",
                plural(bench.threads() as u64, "thread")
            ));
        }
        Self {
            partial: None,
            notes,
            agreements: vec![Vec::new(); bench.settings.len()],
            loader_rows: BTreeMap::new(),
        }
    }

    fn ended(&mut self, ended: Ended) {
        self.partial = ended.interrupted.then_some(PartialBecause::Interrupted);
        self.notes.push(ended.sentence);
    }

    /// The GPU no longer answers: what was measured before is all there is.
    fn lost(&mut self, error: &Error, during: &str) {
        self.partial = Some(PartialBecause::DeviceLost);
        self.notes.push(format!(
            "the GPU was lost during {during}, and only what was measured before is here: {}",
            reason(error)
        ));
    }

    fn agreements(&mut self, bench: &Bench, sizes: &BatchSizes<'_>) {
        for run in 0..bench.settings.len() {
            match agreement(bench, sizes, run) {
                Ok(sentences) => self.agreements[run].extend(sentences),
                // All samples have been taken, so this ends nothing.
                Err(error) => {
                    if classify(&error) == Failure::DeviceLost {
                        self.partial.get_or_insert(PartialBecause::DeviceLost);
                    }
                    self.agreements[run]
                        .push(format!("the forwards could not be compared: {}", reason(&error)));
                }
            }
        }
    }

    fn measure_loaders(
        &mut self,
        bench: &Bench,
        sizes: &BatchSizes<'_>,
        progress: &ProgressBar,
        interrupt: &Interrupt,
    ) {
        let Some(loaders) = &bench.loaders else { return };
        for (batch, text) in sizes.under_test() {
            progress.set_message(format!("torch's DataLoader, batch {}", batch.size()));
            match loader::rows(bench, loaders, batch.images(), text, interrupt) {
                Ok(rows) => drop(self.loader_rows.insert(batch.size(), rows)),
                Err(error) => {
                    self.lost(&error, "measuring torch's DataLoader");
                    break;
                }
            }
        }
        self.notes.push(LOADERS.into());
        if interrupt.load(Ordering::Relaxed) {
            self.partial.get_or_insert(PartialBecause::Interrupted);
        }
    }

    fn notes_of(&self, bench: &Bench, sizes: &BatchSizes<'_>, run: usize) -> Vec<String> {
        let own = sizes.under_test().flat_map(|(batch, _)| batch.notes(bench, run));
        self.agreements[run].iter().chain(&self.notes).cloned().chain(own).collect()
    }

    fn batches_of(&self, bench: &Bench, sizes: &BatchSizes<'_>, run: usize) -> Vec<Batch> {
        let mut batches = sizes.finish(bench, run);
        for batch in &mut batches {
            let rows = self.loader_rows.get(&batch.batch_size).into_iter().flatten();
            batch.processors.extend(rows.map(|row| row.of_run(bench, run)));
        }
        batches
    }
}

/// How measuring ended.
struct Ended {
    sentence: String,
    interrupted: bool,
}

/// Takes rounds until the intervals are narrow, the budget is spent, the maximum is reached, or Ctrl-C.
fn rounds(
    bench: &Bench,
    sizes: &mut BatchSizes<'_>,
    mut monitor: Option<&mut GpuMonitor>,
    progress: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<Ended> {
    let each = |index| bench.steps().into_iter().map(move |step| (index, step)).collect();
    let mut orders = Orders::new((0..bench.batch_sizes.len()).map(each).collect(), bench.settings[0].seed);
    let budget = Duration::from_secs_f64(bench.settings[0].budget_s);
    let mut measuring = Instant::now();
    let mut rounds = 0;
    loop {
        let interrupted = || Ended {
            sentence: format!("interrupted after {}", plural(rounds as u64, "round")),
            interrupted: true,
        };
        if interrupt.load(Ordering::Relaxed) {
            return Ok(interrupted());
        }
        let round_started = Instant::now();
        for (index, step) in orders.next() {
            if let Some(size) = sizes.waiting(index) {
                progress.set_message(format!("warm-up, batch {size}"));
                progress.tick();
                let warming = Instant::now();
                sizes.warm_up(bench, index, interrupt)?;
                if interrupt.load(Ordering::Relaxed) {
                    return Ok(interrupted());
                }
                // Warm-up does not count against the budget.
                measuring += warming.elapsed();
            }
            let Some(batch) = sizes.get_mut(index) else { continue };
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batch.label(bench, step);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, at most {left} s left", rounds + 1));
            batch.take(bench, step).with_context(|| format!("failed in round {}, {label}", rounds + 1))?;
            if let Some(monitor) = monitor.as_deref_mut().filter(|_| step.is_forward()) {
                monitor.observe();
            }
        }
        rounds += 1;
        if let Some(monitor) = &mut monitor {
            monitor.end_round();
        }
        let intervals =
            sizes.under_test().map(|(batch, _)| batch.intervals()).fold(Intervals::NoRatio, Intervals::with);
        if let Some(end) = end(rounds, measuring, round_started.elapsed(), budget, intervals) {
            return Ok(Ended { sentence: end.sentence(rounds), interrupted: false });
        }
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
