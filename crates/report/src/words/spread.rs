//! What stands beside medians.

use patchmark_results::{Run, estimate::SAMPLES_OF_AN_INTERVAL};

/// What is shown beside medians, which depends on the number of rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Every row has rounds enough for an interval.
    Intervals,
    /// No row has.
    Ranges,
    /// Some rows have.
    Both,
}

impl Spread {
    /// Of the rows of a run that have rounds.
    pub fn of(run: &Run) -> Self {
        Self::of_rounds(rounds_of(run))
    }

    /// Of rows that have so many rounds each.
    pub fn of_rounds(rounds: impl Iterator<Item = usize>) -> Self {
        match fewest_and_most(rounds) {
            Some((_, most)) if most < SAMPLES_OF_AN_INTERVAL => Self::Ranges,
            Some((fewest, _)) if fewest < SAMPLES_OF_AN_INTERVAL => Self::Both,
            _ => Self::Intervals,
        }
    }

    /// What is in the brackets behind a median.
    pub fn of_one(self) -> &'static str {
        match self {
            Self::Intervals => "95% bootstrap interval",
            Self::Ranges => "range, as there are too few rounds for an interval",
            Self::Both => "95% bootstrap interval, or range below 6 rounds",
        }
    }

    /// What is in the brackets behind medians.
    pub fn of_all(self) -> &'static str {
        match self {
            Self::Intervals => "95% bootstrap intervals",
            Self::Ranges => "ranges, as there are too few rounds for intervals,",
            Self::Both => "95% bootstrap intervals, or ranges below 6 rounds,",
        }
    }

    /// What the bands and whiskers around medians are.
    pub fn of_bands(self) -> &'static str {
        match self {
            Self::Intervals => "95% intervals of the median",
            Self::Ranges => "ranges of the samples",
            Self::Both => "95% intervals of the median, or ranges of the samples below 6 rounds",
        }
    }
}

/// The rounds of each row.
pub(super) fn rounds_of(run: &Run) -> impl Iterator<Item = usize> {
    run.batches.iter().flat_map(|batch| &batch.processors).map(|row| row.preprocess_ms.samples.len())
}

/// The fewest and the most rounds of the rows that have any.
pub(super) fn fewest_and_most(rounds: impl Iterator<Item = usize>) -> Option<(usize, usize)> {
    rounds.filter(|n| *n > 0).fold(None, |found, n| {
        let (low, high) = found.unwrap_or((n, n));
        Some((low.min(n), high.max(n)))
    })
}
