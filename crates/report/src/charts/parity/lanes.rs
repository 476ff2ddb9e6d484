//! The parity result of each processor.

use std::collections::BTreeMap;

use patchmark_results::{
    Parity, ParityRow,
    parity::size,
    text::{clean, count, plural},
};

use super::marks::levels;
use crate::charts::theme::Colour;

/// One processor.
pub(super) struct Lane<'a> {
    pub name: String,
    pub must_equal: bool,
    rows: Vec<&'a ParityRow>,
    /// The images that differ at any `max_num_patches`, by index: the worst difference and the limit at which it occurs.
    pub differing: BTreeMap<usize, (Option<f64>, usize)>,
}

impl Lane<'_> {
    pub fn exact(&self) -> bool {
        self.differing.is_empty() && self.rows.iter().all(|row| row.differing == 0)
    }

    pub fn failed(&self) -> bool {
        self.must_equal && !self.exact()
    }

    pub fn worst(&self) -> f64 {
        self.rows.iter().map(|row| size(row.worst)).fold(0.0, f64::max)
    }

    /// The colour of its images that differ.
    pub fn colour(&self) -> Colour {
        if self.must_equal { Colour::Bad } else { Colour::Calm }
    }

    /// Its summary, in short lines.
    pub fn sentences(&self, images: usize) -> Vec<(String, Colour)> {
        let images_text = plural(images as u64, "image");
        if self.exact() {
            return vec![(format!("exact in {images_text}"), Colour::Good)];
        }
        let how_far = match self.worst() {
            worst if worst.is_infinite() => "NaN or broken contract".to_owned(),
            worst => format!("{} at worst", levels(worst)),
        };
        let judgement = if self.must_equal { "must be equal" } else { "differs by design" };
        let differing = count(self.differing.len() as u64);
        vec![
            (format!("{differing} of {images_text} differ"), Colour::Ink),
            (how_far, Colour::Ink),
            (judgement.to_owned(), self.colour()),
        ]
    }
}

/// The processors in order of first appearance.
pub(super) fn lanes(run: &Parity) -> Vec<Lane<'_>> {
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &run.rows {
        let place = *places.entry(&row.processor).or_insert(lanes.len());
        if place == lanes.len() {
            let (name, must_equal) = (clean(&row.processor), row.must_equal);
            lanes.push(Lane { name, must_equal, rows: Vec::new(), differing: BTreeMap::new() });
        }
        lanes[place].rows.push(row);
        for found in row.by_image.iter().filter(|found| found.image < run.images.len()) {
            let entry =
                lanes[place].differing.entry(found.image).or_insert((found.worst, row.max_num_patches));
            if size(found.worst) > size(entry.0) {
                *entry = (found.worst, row.max_num_patches);
            }
        }
    }
    lanes
}
