//! `patchmark.toml`: what a project requires of a run.

mod file;
mod names;
mod parity;

use std::path::Path;

use anyhow::Result;
use patchmark_results::{Percent, Run};

pub(crate) use self::{
    file::{Entry, device_kind},
    parity::finding,
};
use self::{
    file::{Inconclusive, Source},
    parity::AllowedParity,
};
use crate::figures::Figure;

/// The default minimum effect between two runs. Two runs on one machine differ by more than the noise within either, so it
/// is larger than that of `compare`.
pub const BETWEEN_RUNS: Percent = Percent::of_fraction(0.1);

/// What is required of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Whether the row counts towards the verdict.
    pub counts: bool,
    /// The smallest relative change that matters.
    pub min_effect: f64,
    /// How outputs may differ; none if that depends on whether the processor must equal the reference.
    pub parity: Option<AllowedParity>,
    /// The largest ratio of preprocess to forward that is allowed.
    pub max_ratio: Option<f64>,
}

/// A policy that has been read and checked.
#[derive(Debug, Default)]
pub struct Policy {
    source: Source,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// An input error with the file, the line and the key for anything unknown or impossible.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { source: Source::read(path)? })
    }

    /// Checks that every processor that the policy names is on the ladder, in one of `runs`, or has the form of a subject.
    ///
    /// # Errors
    /// An input error with the file, the line, the name and the nearest known one.
    pub fn check_names(&self, runs: &[&Run]) -> Result<()> {
        let known = names::known(runs);
        for name in self.entries().filter_map(|(_, entry)| entry.processors.as_ref()).flatten() {
            if let Some(why) = names::refusal(name.get_ref(), &known) {
                return Err(self.source.wrong(name.span().start, &why));
            }
        }
        Ok(())
    }

    /// Whether inconclusive rows are allowed.
    pub fn allows_inconclusive(&self) -> bool {
        self.source.file.inconclusive == Some(Inconclusive::Pass)
    }

    /// The minimum effect of rows for which no entry sets one, as a fraction.
    pub fn min_effect(&self) -> f64 {
        self.source.file.min_effect.unwrap_or(BETWEEN_RUNS).fraction()
    }

    /// The entries in the order of the file, each with the byte at which it begins.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.source.file.rows.iter().map(|entry| (entry.span().start, entry.get_ref()))
    }

    /// The place of a byte of the file, such as `patchmark.toml, line 3`.
    pub(crate) fn place(&self, at: usize) -> String {
        self.source.place(at)
    }

    /// What is required of a figure measured on `device`.
    pub fn demand(&self, figure: &Figure, device: &str) -> Demand {
        self.of(|entry| entry.applies(figure, device))
    }

    /// What is required of a processor's outputs, whatever the figure.
    pub fn demand_of(&self, processor: &str, batch_size: usize, device: &str) -> Demand {
        self.of(|entry| entry.selects(Some(processor), batch_size, device))
    }

    fn of(&self, applies: impl Fn(&Entry) -> bool) -> Demand {
        let start = Demand { counts: true, min_effect: self.min_effect(), parity: None, max_ratio: None };
        let entries = self.entries().map(|(_, entry)| entry).filter(|entry| applies(entry));
        entries.fold(start, |demand, entry| Demand {
            counts: entry.counts.unwrap_or(demand.counts),
            min_effect: entry.min_effect.map_or(demand.min_effect, Percent::fraction),
            parity: entry.parity.or(demand.parity),
            max_ratio: entry.max_ratio.as_ref().map(|ratio| *ratio.get_ref()).or(demand.max_ratio),
        })
    }
}
