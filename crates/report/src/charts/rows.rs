//! Which rows of a run are drawn, and how they are labelled.

use std::collections::{HashMap, HashSet};

use patchmark_results::{Batch, ParityStatus, ProcessorRow, Run, text::clean};

/// The largest number of processors in one chart.
pub(super) const MOST_PROCESSORS: usize = 12;
/// The largest number of batch sizes in one chart.
const MOST_SIZES: usize = 48;

/// One processor of a run. Its index in the list sets its colour and marker in every chart.
pub(super) struct Drawn<'a> {
    pub name: &'a str,
    pub feed: &'a str,
    /// Its name with what it was fed, and `≠` if its outputs differ from the reference's.
    pub label: String,
}

impl<'a> Drawn<'a> {
    /// Its row at a batch size.
    pub fn row(&self, batch: &'a Batch) -> Option<&'a ProcessorRow> {
        batch.processors.iter().find(|row| row.name == self.name && row.feed == self.feed)
    }
}

/// The processors that are drawn, in order of first appearance, and the total number of processors.
pub(super) fn subjects(run: &Run) -> (Vec<Drawn<'_>>, usize) {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut found = Vec::new();
    let mut differing = HashSet::new();
    for row in run.batches.iter().flat_map(|batch| &batch.processors) {
        let next = places.len();
        let place = *places.entry((&row.name, &row.feed)).or_insert(next);
        if place == next && place < MOST_PROCESSORS {
            found.push(Drawn { name: &row.name, feed: &row.feed, label: row.short_label() });
        }
        if matches!(row.parity, ParityStatus::Differs { .. }) {
            differing.insert(place);
        }
    }
    // Two files of one name in different folders are told apart by their folders.
    let known: Vec<(&str, String)> =
        found.iter().map(|subject| (subject.name, subject.label.clone())).collect();
    for subject in &mut found {
        if known.iter().any(|(name, label)| *label == subject.label && *name != subject.name) {
            subject.label = clean(subject.name);
        }
    }
    for (place, subject) in found.iter_mut().enumerate() {
        if differing.contains(&place) {
            subject.label.push_str(" ≠");
        }
    }
    (found, places.len())
}

/// The batches that are drawn, sorted by size, and the total number of sizes. Of too many, the first, the last and others
/// evenly between are drawn; a size that occurs twice is drawn once.
pub(super) fn batches(run: &Run) -> (Vec<&Batch>, usize) {
    let mut batches: Vec<&Batch> = run.batches.iter().collect();
    batches.sort_by_key(|batch| batch.batch_size);
    batches.dedup_by_key(|batch| batch.batch_size.max(1));
    let count = batches.len();
    if count > MOST_SIZES {
        let last = MOST_SIZES - 1;
        batches = (0..MOST_SIZES).map(|index| batches[index * (count - 1) / last]).collect();
    }
    (batches, count)
}
