//! What a bench finds besides the samples of its rounds: why it ended, how the forwards agree, and the loaders' rows.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use anyhow::Error;
use indicatif::ProgressBar;
use patchmark_results::{
    Batch, Journal, PartialBecause, Run,
    journal::{Entry, Subjects},
};
use patchmark_statistics::run_rows;

use super::{agreement::agreement, loader, rounds::Ended, setup::Bench, sizes::BatchSizes};
use crate::{
    interrupt::Interrupt,
    measure::failure::{Failure, classify, reason},
};

/// What a reader must know about the loaders' rows.
const LOADERS: &str = "loader-N is torch's DataLoader with N worker processes running hf: its ms/batch is the time until \
     the next batch is on the device, with nothing else running; it is measured after the rounds, so it has no \
     ratio; its images are already decoded";

/// What a bench collects besides samples.
pub(super) struct Found {
    pub(super) partial: Option<PartialBecause>,
    /// The notes that all runs share, besides those that were known before.
    pub(super) notes: Vec<String>,
    /// By run, sentences on how closely its forwards agree.
    agreements: Vec<Vec<String>>,
    /// The loaders' rows by batch size.
    loader_rows: BTreeMap<usize, Vec<loader::Row>>,
}

impl Found {
    pub(super) fn new(bench: &Bench) -> Self {
        Self {
            partial: None,
            notes: Vec::new(),
            agreements: vec![Vec::new(); bench.settings.len()],
            loader_rows: BTreeMap::new(),
        }
    }

    pub(super) fn ended(&mut self, ended: Ended) {
        self.partial = ended.interrupted.then_some(PartialBecause::Interrupted);
        self.notes.push(ended.sentence);
    }

    /// The GPU no longer answers: what was measured before is all there is.
    pub(super) fn lost(&mut self, error: &Error, during: &str) {
        self.partial = Some(PartialBecause::DeviceLost);
        self.notes.push(format!(
            "the GPU was lost during {during}, and only what was measured before is here: {}",
            reason(error)
        ));
    }

    pub(super) fn agreements(&mut self, bench: &Bench, sizes: &BatchSizes<'_>, journal: &mut Journal) {
        for run in 0..bench.settings.len() {
            let sentences = agreement(bench, sizes, run).unwrap_or_else(|error| {
                // All samples have been taken, so this ends nothing.
                if classify(&error) == Failure::DeviceLost {
                    self.partial.get_or_insert(PartialBecause::DeviceLost);
                }
                vec![format!("the forwards could not be compared: {}", reason(&error))]
            });
            for sentence in sentences {
                journal.append(&Entry::Note(Some(run), sentence.clone()));
                self.agreements[run].push(sentence);
            }
        }
    }

    pub(super) fn measure_loaders(
        &mut self,
        bench: &Bench,
        sizes: &BatchSizes<'_>,
        progress: &ProgressBar,
        interrupt: &Interrupt,
        journal: &mut Journal,
    ) {
        let Some(loaders) = &bench.loaders else { return };
        journal.append(&Entry::Note(None, LOADERS.into()));
        for (batch, text) in sizes.under_test() {
            progress.set_message(format!("torch's DataLoader, batch {}", batch.size()));
            match loader::rows(bench, loaders, batch.images(), text, interrupt) {
                Ok(rows) => {
                    for (run, row) in
                        (0..bench.settings.len()).flat_map(|run| rows.iter().map(move |row| (run, row)))
                    {
                        let row = Box::new(row.of_run(bench, run));
                        journal.append(&Entry::Row { run, batch_size: batch.size(), row });
                    }
                    self.loader_rows.insert(batch.size(), rows);
                }
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

    /// The planned run number `index` with everything that was found for it.
    pub(super) fn complete(
        &self,
        bench: &Bench,
        subjects: &Subjects,
        sizes: &BatchSizes<'_>,
        index: usize,
        planned: Run,
    ) -> Run {
        let found = self.agreements[index].iter().chain(&planned.notes).chain(&self.notes);
        let mut notes: Vec<String> = found.cloned().collect();
        let mut batches = Vec::new();
        for samples in sizes.samples() {
            let mut batch: Batch = run_rows::batch(subjects, &planned.settings, samples, index);
            let rows = self.loader_rows.get(&batch.batch_size).into_iter().flatten();
            batch.processors.extend(rows.map(|row| row.of_run(bench, index)));
            batches.push(batch);
            notes.extend(run_rows::notes(subjects, samples, index));
        }
        Run { partial: self.partial.is_some(), partial_because: self.partial, notes, batches, ..planned }
    }
}
