//! Samples of one quantity, and the median that summarises them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The smallest number of samples that an interval needs. Of fewer, even the range from the smallest to the largest misses
/// the median in more than 5% of cases: with n samples, all lie on one side of it in one of 2ⁿ⁻¹, which for five is 6%.
pub const SAMPLES_OF_AN_INTERVAL: usize = 6;

/// Every sample of one quantity, in the order taken, with a summary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Samples {
    /// Milliseconds, one per round.
    pub samples: Vec<f64>,
    /// The median with its interval or, of fewer than [`SAMPLES_OF_AN_INTERVAL`] samples, with their range; none if nothing was measured.
    pub estimate: Option<Estimate>,
}

impl Samples {
    /// Removes what JSON cannot represent.
    pub(crate) fn mend(&mut self) {
        self.samples.retain(|sample| sample.is_finite());
        self.estimate = self.estimate.filter(Estimate::is_finite);
    }

    /// The estimate; none if nothing was measured.
    pub fn measured(&self) -> Option<Estimate> {
        self.estimate.filter(|estimate| !self.samples.is_empty() && estimate.is_usable())
    }
}

/// A median with its 95% bootstrap confidence interval or, of fewer than [`SAMPLES_OF_AN_INTERVAL`] samples, with their range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Lower end of the interval, or the smallest sample.
    pub low: f64,
    /// Upper end of the interval, or the largest sample.
    pub high: f64,
}

impl Estimate {
    /// Whether it can be a time, a rate or a ratio, which are finite and above zero.
    pub fn is_usable(&self) -> bool {
        self.median.is_finite() && self.median > 0.0
    }

    /// Whether JSON can represent it.
    pub(crate) fn is_finite(&self) -> bool {
        self.median.is_finite() && self.low.is_finite() && self.high.is_finite()
    }
}
