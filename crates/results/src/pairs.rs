//! The samples of two subjects timed in turn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The samples of one row. A round times each subject twice, mirrored (A B B A, then B A A B), so
/// that a drift within the round cancels. Times are milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pairs {
    /// The base's two times in each round, in the order taken.
    pub base: Vec<[f64; 2]>,
    /// The candidate's two times in each round.
    pub candidate: Vec<[f64; 2]>,
    /// Two times in each round of a second process of the base, if subjects run in processes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<[f64; 2]>,
    /// The number of the process restart in which each round was taken, if subjects run in processes of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts: Vec<u32>,
}

impl Pairs {
    /// Rounds taken.
    pub fn rounds(&self) -> usize {
        self.candidate.len()
    }

    /// Adds a round.
    pub fn push(&mut self, round: &Round) {
        self.base.push(round.base);
        self.candidate.push(round.candidate);
        self.control.extend(round.control);
        self.restarts.extend(round.restart);
    }
}

/// One round of one row: each subject twice, in the order taken. Times are milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The base.
    pub base: [f64; 2],
    /// The candidate.
    pub candidate: [f64; 2],
    /// A second process of the base, if subjects run in processes of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<[f64; 2]>,
    /// The number of the process restart in which it was taken, if subjects run in processes of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<u32>,
}
