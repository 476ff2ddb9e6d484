//! Verdicts, and what they are based on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on a row, or on a whole decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse by more than the minimum effect.
    Regressed,
    /// Better by more than the minimum effect.
    Improved,
    /// Different by less than the minimum effect, if at all.
    Equivalent,
    /// Equivalent or improved; the samples do not decide which. Saved as `not_slower` for rates and speed-ups as well,
    /// where it means that they are not lower by more than the minimum effect.
    NotSlower,
    /// The samples do not decide.
    Inconclusive,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Equivalent => "equivalent",
            Self::NotSlower => "not slower",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The verdict on several rows, which claims no more than holds of each: regressed if any row is, else inconclusive if
    /// any row is, else what all rows are. Rows that are neither all equivalent nor all improved are only not slower.
    ///
    /// Without rows it is inconclusive, which never passes.
    pub fn overall(rows: impl IntoIterator<Item = Self>) -> Self {
        rows.into_iter().reduce(Self::of_both).unwrap_or(Self::Inconclusive)
    }

    /// The verdict on two rows.
    fn of_both(self, other: Self) -> Self {
        match (self, other) {
            (Self::Regressed, _) | (_, Self::Regressed) => Self::Regressed,
            (Self::Inconclusive, _) | (_, Self::Inconclusive) => Self::Inconclusive,
            (one, other) if one == other => one,
            (Self::Improved | Self::Equivalent | Self::NotSlower, _) => Self::NotSlower,
        }
    }
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Times and ratios of preprocess to forward.
    Lower,
    /// Speed-ups and rates.
    Higher,
}

/// How rows are decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The smallest relative change that matters: 0.01 is 1%.
    pub min_effect: f64,
    /// The largest chance of a false alarm anywhere in the decision.
    pub error_rate: f64,
    /// Rows decided together.
    pub rows: usize,
    /// The largest number of looks at the rows, at each of which measuring may stop.
    pub looks: usize,
}

/// The default chance of a false alarm in one decision.
pub const ERROR_RATE: f64 = 0.01;
/// The default minimum effect: 1%.
pub const MIN_EFFECT: f64 = 0.01;

impl Default for Rule {
    fn default() -> Self {
        Self { min_effect: MIN_EFFECT, error_rate: ERROR_RATE, rows: 1, looks: 1 }
    }
}

/// A relative change with the interval that decided: 0.1 is 10% more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The median.
    pub median: f64,
    /// Lower end, corrected for all rows and looks; -1 if it is unbounded.
    pub low: f64,
    /// Upper end; none if it is unbounded.
    pub high: Option<f64>,
}

/// One row's verdict with what it is based on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The candidate's figure ÷ the base's − 1.
    pub change: Change,
    /// The minimum effect that was applied: the rule's, or the A/A floor if that is larger.
    pub min_effect: f64,
}
