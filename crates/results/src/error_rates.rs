//! How often `compare` is wrong (`reports/error-rates/`), as `make error-rates` saves it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::{Change, Verdict};

/// Bumped whenever a reader of the previous version would misread a study. Version 1 called inconclusive what is now called
/// not slower.
pub const ERROR_RATES_VERSION: u32 = 2;

/// The version of studies that were saved without one.
fn first() -> u32 {
    1
}

/// Comparisons simulated from noise with a known true effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatedErrorRates {
    /// Always [`ERROR_RATES_VERSION`] in what this build writes.
    #[serde(default = "first")]
    pub schema_version: u32,
    /// Comparisons per noise and true factor.
    pub draws: usize,
    /// Rounds that the simulated budget allows.
    pub rounds: usize,
    /// One row per noise and true factor.
    pub rows: Vec<SimulatedRow>,
}

/// Verdicts under one noise at one true factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulatedRow {
    /// What disturbs the times.
    pub noise: String,
    /// The candidate's true time ÷ the base's.
    pub true_factor: f64,
    /// How many were called regressed.
    pub regressed: usize,
    /// How many were called improved.
    pub improved: usize,
    /// How many were called equivalent.
    pub equivalent: usize,
    /// How many were called not slower.
    #[serde(default)]
    pub not_slower: usize,
    /// How many were left inconclusive.
    pub inconclusive: usize,
    /// How many verdicts say what is not true, given the minimum effect that was applied; none in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<usize>,
}

/// Comparisons of a build with itself on a real machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RealErrorRates {
    /// Always [`ERROR_RATES_VERSION`] in what this build writes.
    #[serde(default = "first")]
    pub schema_version: u32,
    /// Wall-clock seconds of the study.
    pub elapsed_s: f64,
    /// Every comparison, in the order taken.
    pub comparisons: Vec<RealComparison>,
}

/// One comparison of a build with itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RealComparison {
    /// `one process` or `two builds`.
    pub way: String,
    /// How much slower the candidate was made, in percent.
    pub slower_percent: u32,
    /// Whether another process loaded a core.
    pub loaded: bool,
    /// What was decided.
    pub verdict: Verdict,
    /// The change with the interval that decided; none if there were too few rounds.
    pub change: Option<Change>,
    /// The minimum effect that was applied.
    pub min_effect: Option<f64>,
    /// Rounds taken.
    pub rounds: usize,
    /// Wall-clock seconds taken.
    pub elapsed_s: f64,
}
