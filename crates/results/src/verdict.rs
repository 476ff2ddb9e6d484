//! Verdicts, and what they rest on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of a row, or of a whole decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse by more than the minimum effect.
    Regressed,
    /// Better by more than the minimum effect.
    Improved,
    /// Different by less than the minimum effect, if at all.
    Equivalent,
    /// The samples do not tell.
    Inconclusive,
}

impl Verdict {
    /// The word for it, as in the saved decision.
    pub fn word(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Of several rows: regressed before inconclusive before improved before equivalent.
    ///
    /// No rows at all are inconclusive, never passed.
    pub fn overall(rows: impl IntoIterator<Item = Self>) -> Self {
        let rank = |verdict: &Self| match verdict {
            Self::Equivalent => 0,
            Self::Improved => 1,
            Self::Inconclusive => 2,
            Self::Regressed => 3,
        };
        rows.into_iter().max_by_key(rank).unwrap_or(Self::Inconclusive)
    }
}

/// Which way is good.
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
    /// The least relative change that matters: 0.01 is 1%.
    pub min_effect: f64,
    /// The chance of a false alarm anywhere in the decision, at most.
    pub error_rate: f64,
    /// Rows decided together.
    pub rows: usize,
    /// How often the rows are looked at, at most, each time with the chance to stop.
    pub looks: usize,
}

/// The chance of a false alarm in one decision, unless something else is asked for.
pub const ERROR_RATE: f64 = 0.01;
/// The minimum effect, unless something else is asked for: 1%.
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
    /// Lower end, corrected for all rows and looks; -1 where nothing is known.
    pub low: f64,
    /// Upper end; none where it has no bound.
    pub high: Option<f64>,
}

/// One row's verdict with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Candidate's figure over base's, less one.
    pub change: Change,
    /// The minimum effect that was held against it: the rule's, or the A/A floor where that is larger.
    pub min_effect: f64,
}
