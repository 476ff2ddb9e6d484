//! Measures one workload: every step in every round, then one run per setting.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use patchmark_results::{
    Journal, PartialBecause, Run, RunSettings, SkippedFile,
    journal::{Entry, Header, JOURNAL_VERSION, Measurement},
    run::RUN_VERSION,
    text::plural,
};

use super::{
    found::Found,
    rounds::{Ended, Intervals, Orders, end},
    setup::Bench,
    sizes::BatchSizes,
};
use crate::{
    interrupt::Interrupt,
    measure::{
        cpu::{self, CpuMonitor},
        environment,
        failure::{Failure, classify},
        gpu::{self, GpuMonitor},
    },
    model::TextInputs,
    processor::Elsewhere,
    workload::Workload,
};

/// What a reader must know about the flows from files.
const FLOWS: &str = "flows from files begin with files in the page cache, not on disk, and end with tensors on the \
     forward's device; the share of decoding is from calls of their own";

/// Decoding times by batch size, in milliseconds per batch.
pub type DecodeTimes = BTreeMap<usize, Vec<f64>>;

impl Bench {
    /// The runs of a workload before the first sample, one per setting of the bench.
    ///
    /// # Errors
    /// If the environment cannot be read.
    pub fn planned(&self, workload: &Workload) -> Result<Vec<Run>> {
        let started_unix_s =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        let environment = environment()?;
        let planned = |settings: &RunSettings| Run {
            schema_version: RUN_VERSION,
            started_unix_s,
            elapsed_s: 0.0,
            partial: false,
            partial_because: None,
            notes: self.notes().into_iter().chain(SkippedFile::sentence(&workload.skipped)).collect(),
            environment: environment.clone(),
            gpu: None,
            cpu: None,
            settings: RunSettings {
                workload: workload.description.clone(),
                skipped_files: workload.skipped.clone(),
                ..settings.clone()
            },
            batches: Vec::new(),
        };
        Ok(self.settings.iter().map(planned).collect())
    }

    /// What a journal begins with: the planned runs, each with the folder below the whole result's that it goes to.
    pub fn header(&self, planned: &[Run], folders: &[PathBuf]) -> Header {
        let runs = folders.iter().cloned().zip(planned.iter().cloned()).collect();
        let measurement = Measurement::Bench { runs, subjects: self.subjects() };
        Header { journal_version: JOURNAL_VERSION, measurement }
    }

    /// What a reader of every run must know before anything is measured.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.settings.len() > 1 {
            notes.push(format!(
                "measured together with {} of the forward; preprocess times are the same samples in all of them",
                plural(self.settings.len() as u64 - 1, "other setting")
            ));
        }
        let threads = plural(self.threads() as u64, "thread");
        if self.threads() > 1 {
            notes.push(format!("decoding is timed on {threads}, of which each decodes one file at a time"));
        }
        if self.decode {
            notes.push(format!(
                "images/s, one after the other and pipelined, include decoding the files of each batch, on {threads}"
            ));
        }
        if self.from_files.is_some() {
            notes.push(FLOWS.into());
        }
        notes
    }

    /// Measures one workload and completes its planned runs. Preprocessing does not depend on the forward, so all runs
    /// share its times, and every ratio is formed within a round. Every sample is appended to the journal as it is taken.
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
        planned: Vec<Run>,
        decode_ms: &DecodeTimes,
        progress: &ProgressBar,
        interrupt: &Interrupt,
        journal: &mut Journal,
    ) -> Result<Vec<Run>> {
        let started = Instant::now();
        let cpu = CpuMonitor::start();
        let mut monitor = GpuMonitor::open(self.device);
        let texts =
            self.text.as_ref().map(|text| self.batch_sizes.iter().map(|&size| text.first(size)).collect());
        let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
        let mut sizes = BatchSizes::new(workload, &self.batch_sizes, &texts, decode_ms);
        let mut found = Found::new(self);
        if !decode_ms.is_empty() {
            found.notes.push(
                "decoding was timed once, with the first of the workloads that share these files".into(),
            );
        }
        match rounds(self, &mut sizes, monitor.as_mut(), progress, interrupt, journal) {
            Ok(ended) => {
                found.ended(ended);
                found.agreements(self, &sizes, journal);
            }
            Err(error) if classify(&error) == Failure::DeviceLost => found.lost(&error, "measuring"),
            Err(error) => return Err(error),
        }
        if found.partial.is_none() {
            found.measure_loaders(self, &sizes, progress, interrupt, journal);
        }
        let record = monitor.map(|monitor| monitor.record().clone());
        found.notes.extend(record.iter().flat_map(gpu::notes));
        found.notes.extend(self.elsewhere().flat_map(Elsewhere::notes));
        found.notes.extend(self.quiet.notes());
        let cpu = cpu.record();
        if let Some(run) = planned.first() {
            found.notes.extend(cpu::notes(&cpu, self.threads(), &run.environment));
        }
        if sizes.incomplete() {
            found.partial.get_or_insert(PartialBecause::Unreached);
        }
        let (elapsed_s, subjects) = (started.elapsed().as_secs_f64(), self.subjects());
        let runs = planned.into_iter().enumerate().map(|(index, run)| {
            let run = Run { elapsed_s, gpu: record.clone(), cpu: Some(cpu), ..run };
            found.complete(self, &subjects, &sizes, index, run)
        });
        Ok(runs.collect())
    }
}

/// Takes rounds until the intervals are narrow, the budget is spent, the maximum is reached, or Ctrl-C, after which the
/// current call is the last.
fn rounds(
    bench: &Bench,
    sizes: &mut BatchSizes<'_>,
    mut monitor: Option<&mut GpuMonitor>,
    progress: &ProgressBar,
    interrupt: &Interrupt,
    journal: &mut Journal,
) -> Result<Ended> {
    let each = |index| bench.steps().into_iter().map(move |step| (index, step)).collect();
    let mut orders = Orders::new((0..bench.batch_sizes.len()).map(each).collect(), bench.settings[0].seed);
    let budget = Duration::from_secs_f64(bench.settings[0].budget_s);
    let subjects = bench.subjects();
    let started = Instant::now();
    let mut measuring = started;
    let mut rounds = 0;
    loop {
        let interrupted = || Ended {
            sentence: format!("interrupted after {}", plural(rounds as u64, "whole round")),
            interrupted: true,
        };
        let round_started = Instant::now();
        for (index, step) in orders.next() {
            if interrupt.load(Ordering::Relaxed) {
                return Ok(interrupted());
            }
            if let Some(size) = sizes.waiting(index) {
                progress.set_message(format!("warm-up, batch {size}"));
                progress.tick();
                let warming = Instant::now();
                sizes.warm_up(bench, index, interrupt)?;
                if interrupt.load(Ordering::Relaxed) {
                    return Ok(interrupted());
                }
                if let Some(samples) = sizes.samples_at(index) {
                    journal.append(&Entry::Samples(samples.clone()));
                }
                // Warm-up does not count against the budget.
                measuring += warming.elapsed();
            }
            let Some(batch) = sizes.get_mut(index) else { continue };
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batch.label(bench, step);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, at most {left} s left", rounds + 1));
            let taken = batch.take(bench, step, journal, interrupt);
            taken.with_context(|| format!("failed in round {}, {label}", rounds + 1))?;
            if let Some(monitor) = monitor.as_deref_mut().filter(|_| step.is_forward()) {
                monitor.observe();
            }
        }
        rounds += 1;
        journal.append(&Entry::ElapsedS(started.elapsed().as_secs_f64()));
        if let Some(monitor) = &mut monitor {
            monitor.end_round();
        }
        let intervals = sizes
            .samples()
            .map(|samples| Intervals::of(&subjects, samples))
            .fold(Intervals::NoRatio, Intervals::with);
        if let Some(end) = end(rounds, measuring, round_started.elapsed(), budget, intervals) {
            return Ok(Ended { sentence: end.sentence(rounds), interrupted: false });
        }
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
