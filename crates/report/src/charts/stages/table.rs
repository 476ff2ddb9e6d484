//! The times behind the bars.

use std::collections::BTreeMap;

use patchmark_results::{Batch, ProcessorRow, Run};

use crate::charts::rows::subjects;

/// The largest number of stages with a column of their own; the smaller ones beyond are combined as `other`.
const MOST: usize = 6;

/// The stages of a row that took any time.
pub(super) fn stages(row: &ProcessorRow) -> impl Iterator<Item = (&str, f64)> {
    row.stages_ms.iter().map(|(name, ms)| (name.as_str(), *ms)).filter(|(_, ms)| ms.is_finite() && *ms > 0.0)
}

/// Milliseconds per image of each processor.
pub(super) struct Table {
    /// The columns; none if no stage was measured.
    pub stages: Vec<String>,
    pub rows: Vec<Row>,
    /// The processors without any time.
    pub left_out: Vec<String>,
}

/// One processor.
pub(super) struct Row {
    pub label: String,
    /// One time per stage; 0 for a stage that it does not have.
    pub stages: Vec<f64>,
    /// The whole call, timed without its stages.
    pub whole: Option<f64>,
}

impl Row {
    /// The stages together; 0 if they were not measured.
    pub fn sum(&self) -> f64 {
        self.stages.iter().sum()
    }
}

impl Table {
    /// The processors at the largest batch.
    pub fn new(run: &Run) -> Self {
        let mut table = Self { stages: Vec::new(), rows: Vec::new(), left_out: Vec::new() };
        let Some(batch) = run.largest_batch() else { return table };
        table.stages = names(batch);
        let images = batch.batch_size.max(1) as f64;
        for subject in subjects(run).0 {
            let row = subject.row(batch);
            let whole = row.and_then(ProcessorRow::preprocess).map(|estimate| estimate.median / images);
            let mut times = vec![0.0; table.stages.len()];
            for (stage, ms) in row.into_iter().flat_map(stages) {
                let index = table.stages.iter().position(|name| name == stage).unwrap_or(times.len() - 1);
                times[index] += ms / images;
            }
            let row = Row { label: subject.label, stages: times, whole };
            if row.whole.is_some() || row.sum() > 0.0 {
                table.rows.push(row);
            } else {
                table.left_out.push(row.label);
            }
        }
        table
    }

    /// The longest time of all.
    pub fn longest(&self) -> f64 {
        let times = self.rows.iter().flat_map(|row| row.stages.iter().copied().chain(row.whole));
        let longest = times.fold(0.0, f64::max);
        if longest > 0.0 { longest } else { 1.0 }
    }
}

/// The stages, the longest in total first.
fn names(batch: &Batch) -> Vec<String> {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, ms) in batch.processors.iter().flat_map(stages) {
        *totals.entry(name).or_default() += ms;
    }
    let mut totals: Vec<_> = totals.into_iter().collect();
    totals.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut names: Vec<String> = totals.iter().map(|(name, _)| (*name).to_owned()).collect();
    if names.len() > MOST {
        names.truncate(MOST - 1);
        names.push("other".to_owned());
    }
    names
}
