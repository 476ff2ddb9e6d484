//! `patchmark.toml`: what a project requires of a run.

use std::{fs, path::Path};

use anyhow::Result;
use patchmark_results::{ParityStatus, input_error};
use serde::Deserialize;
use toml::Spanned;

use crate::figures::{Figure, FigureKind};

/// The default minimum effect between two runs. Two runs on one machine differ by more than the noise within either, so it
/// is larger than that of `compare`.
pub const BETWEEN_RUNS: f64 = 0.1;

/// How outputs may differ from the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedParity {
    /// Not at all.
    Exact,
    /// In values. Unless the policy says so, outputs that were exact in the baseline must stay exact.
    Differs,
}

/// The contents of the file; every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    min_effect: Option<Spanned<f64>>,
    inconclusive: Option<Inconclusive>,
    #[serde(default)]
    rows: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Inconclusive {
    Fail,
    Pass,
}

/// A selection of rows and what is required of them; a later entry overrides an earlier one, key by key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    processors: Option<Vec<String>>,
    batch_sizes: Option<Vec<usize>>,
    devices: Option<Vec<String>>,
    figures: Option<Vec<FigureKind>>,
    counts: Option<bool>,
    min_effect: Option<Spanned<f64>>,
    parity: Option<AllowedParity>,
    max_ratio: Option<Spanned<f64>>,
}

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
    file: File,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// An input error with the file, the line and the key for anything unknown or impossible.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path)
            .map_err(|error| input_error!("cannot read the policy {}: {error}", path.display()))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| input_error!("the policy {} is not text: {error}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| {
            input_error!("the policy {}: {}", path.display(), error.to_string().trim_end())
        })?;
        let wrong = |at: usize, why: &str| {
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            input_error!("the policy {}, line {line}: {why}", path.display())
        };
        let effects = file.rows.iter().filter_map(|row| row.min_effect.as_ref());
        for effect in file.min_effect.iter().chain(effects) {
            // NaN is in no range.
            if !(0.0..=10.0).contains(effect.get_ref()) {
                let why = format!("min_effect = {} is not between 0 and 10 (0.05 is 5%)", effect.get_ref());
                return Err(wrong(effect.span().start, &why));
            }
        }
        for ratio in file.rows.iter().filter_map(|row| row.max_ratio.as_ref()) {
            if !(ratio.get_ref().is_finite() && *ratio.get_ref() > 0.0) {
                let why = format!("max_ratio = {} is not a number above zero", ratio.get_ref());
                return Err(wrong(ratio.span().start, &why));
            }
        }
        for (index, row) in file.rows.iter().enumerate() {
            let empty = [
                row.processors.as_ref().is_some_and(Vec::is_empty).then_some("processors"),
                row.batch_sizes.as_ref().is_some_and(Vec::is_empty).then_some("batch_sizes"),
                row.devices.as_ref().is_some_and(Vec::is_empty).then_some("devices"),
                row.figures.as_ref().is_some_and(Vec::is_empty).then_some("figures"),
            ];
            if let Some(key) = empty.into_iter().flatten().next() {
                let place = text.match_indices("[[rows]]").nth(index).map_or(0, |(at, _)| at);
                return Err(wrong(place, &format!("{key} is empty, so this entry selects nothing")));
            }
            let unknown =
                row.devices.iter().flatten().find(|device| !["cpu", "cuda"].contains(&device.as_str()));
            if let Some(device) = unknown {
                let place = text.find(&format!("\"{device}\"")).unwrap_or(0);
                return Err(wrong(place, &format!("devices has {device:?}; choose cpu or cuda")));
            }
        }
        Ok(Self { file })
    }

    /// Whether inconclusive rows are allowed.
    pub fn allows_inconclusive(&self) -> bool {
        self.file.inconclusive == Some(Inconclusive::Pass)
    }

    /// The minimum effect of rows for which no entry sets one.
    pub fn min_effect(&self) -> f64 {
        self.file.min_effect.as_ref().map_or(BETWEEN_RUNS, |effect| *effect.get_ref())
    }

    /// What is required of a figure measured on `device`.
    pub fn demand(&self, figure: &Figure, device: &str) -> Demand {
        let applies = |row: &&Entry| {
            row.figures.as_ref().is_none_or(|kinds| kinds.contains(&figure.kind))
                && self.selects(row, figure.processor.as_deref(), figure.batch_size, device)
        };
        self.of(self.file.rows.iter().filter(applies))
    }

    /// What is required of a processor's outputs, whatever the figure.
    pub fn demand_of(&self, processor: &str, batch_size: usize, device: &str) -> Demand {
        let applies = |row: &&Entry| self.selects(row, Some(processor), batch_size, device);
        self.of(self.file.rows.iter().filter(applies))
    }

    fn selects(&self, row: &Entry, processor: Option<&str>, batch_size: usize, device: &str) -> bool {
        let kind = device.split(':').next().unwrap_or_default();
        row.processors.as_ref().is_none_or(|names| names.iter().any(|name| Some(name.as_str()) == processor))
            && row.batch_sizes.as_ref().is_none_or(|sizes| sizes.contains(&batch_size))
            && row.devices.as_ref().is_none_or(|devices| devices.iter().any(|device| device == kind))
    }

    fn of<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Demand {
        let start = Demand { counts: true, min_effect: self.min_effect(), parity: None, max_ratio: None };
        entries.fold(start, |demand, row| Demand {
            counts: row.counts.unwrap_or(demand.counts),
            min_effect: row.min_effect.as_ref().map_or(demand.min_effect, |effect| *effect.get_ref()),
            parity: row.parity.or(demand.parity),
            max_ratio: row.max_ratio.as_ref().map(|ratio| *ratio.get_ref()).or(demand.max_ratio),
        })
    }
}

impl Demand {
    /// Why outputs with the status `now` are not allowed; none if they are. `before` is the status in the baseline, and
    /// `must_equal` says whether the processor must equal the reference.
    pub fn refuses(
        &self,
        now: &ParityStatus,
        before: Option<&ParityStatus>,
        must_equal: bool,
    ) -> Option<String> {
        let allowed =
            self.parity.unwrap_or(if must_equal { AllowedParity::Exact } else { AllowedParity::Differs });
        let was_exact = matches!(before, Some(ParityStatus::Exact | ParityStatus::Reference));
        match now {
            ParityStatus::Exact | ParityStatus::Reference => None,
            ParityStatus::NotVerified if allowed == AllowedParity::Differs && !was_exact => None,
            ParityStatus::NotVerified => Some("its outputs were not verified".into()),
            ParityStatus::Differs { .. }
                if allowed == AllowedParity::Differs && (!was_exact || self.parity.is_some()) =>
            {
                None
            }
            ParityStatus::Differs { values, total, detail } => {
                Some(format!("{values} of {total} values differ from the reference's, {detail}"))
            }
        }
    }
}
