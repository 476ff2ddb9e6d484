//! Two subjects timed in turn, and when there is enough of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    effect::{self, Effect, Grouping, Refusal},
    verdict::{Better, Judgement, Rule, judge},
};

/// The samples of one row. A round times each subject twice, mirrored (A B B A, then B A A B), so
/// that a drift within the round cancels. Times are milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pairs {
    /// The base's two times in each round, in the order taken.
    pub base: Vec<[f64; 2]>,
    /// The candidate's two times in each round.
    pub candidate: Vec<[f64; 2]>,
    /// Two times in each round of a second process of the base, where subjects have processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<[f64; 2]>,
    /// The restart of the processes that each round was taken in, where subjects have processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<u32>,
}

impl Pairs {
    /// Rounds taken.
    pub fn rounds(&self) -> usize {
        self.candidate.len()
    }

    /// Candidate against base.
    ///
    /// # Errors
    /// A [`Refusal`] for too few rounds or times that cannot be.
    pub fn effect(&self) -> Result<Effect, Refusal> {
        effect::paired(&rounds(&self.base), &rounds(&self.candidate), self.grouping())
    }

    /// The A/A floor of these rounds, as a log-ratio: base against its second process, or, in one
    /// process, the times of the base and of the candidate each against themselves.
    ///
    /// # Errors
    /// As for [`Pairs::effect`].
    pub fn floor(&self) -> Result<f64, Refusal> {
        if !self.control.is_empty() {
            return effect::floor(&rounds(&self.base), &rounds(&self.control), self.grouping());
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for side in [&self.base, &self.candidate] {
            // Four times of two rounds in turn make one pair: 1 and 4 against 2 and 3, as in A B B A.
            for pair in side.chunks_exact(2) {
                first.push((pair[0][0] * pair[1][1]).sqrt());
                second.push((pair[0][1] * pair[1][0]).sqrt());
            }
        }
        effect::floor(&first, &second, Grouping::Series)
    }

    /// The verdict under `rule`, held to the larger of its minimum effect and the A/A floor.
    ///
    /// # Errors
    /// As for [`Pairs::effect`].
    pub fn judge(&self, rule: &Rule) -> Result<Judgement, Refusal> {
        Ok(judge(&self.effect()?, self.floor()?, Better::Lower, rule))
    }

    fn grouping(&self) -> Grouping<'_> {
        if self.restarts.is_empty() { Grouping::Series } else { Grouping::Restarts(&self.restarts) }
    }
}

/// The geometric mean of each round's two times.
fn rounds(times: &[[f64; 2]]) -> Vec<f64> {
    times.iter().map(|[first, second]| (first * second).sqrt()).collect()
}

/// When to look at the samples and perhaps stop: every look is one more chance of a false alarm,
/// so they are few, and the error rate is shared between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looks {
    first: usize,
    count: usize,
}

impl Looks {
    /// Looks after 16, 32, … 512 rounds of one process.
    pub const ROUNDS: Self = Self { first: 16, count: 6 };
    /// Looks after 6, 12, 24 and 48 restarts of the processes.
    pub const RESTARTS: Self = Self { first: 6, count: 4 };

    /// How many looks there are at most, the one at the end of the budget among them.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether there is a look after `taken`.
    pub fn at(self, taken: usize) -> bool {
        (0..self.count).any(|look| taken == self.first << look)
    }

    /// After which no more are taken.
    pub fn most(self) -> usize {
        self.first << (self.count - 1)
    }
}
