//! The definition of a saved decision (`compare.json`, `gate.json`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    environment::Environment,
    gap::Gap,
    outcome::Outcome,
    pairs::Pairs,
    verdict::{Judgement, Rule, Verdict},
};

/// Bumped whenever a reader of the previous version would misread a decision.
pub const DECISION_VERSION: u32 = 2;

/// The command that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Two subjects timed in turn.
    Compare,
    /// A saved run compared with a saved baseline.
    Gate,
}

impl DecisionKind {
    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compare => "compare",
            Self::Gate => "gate",
        }
    }
}

/// The result of `compare` or `gate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Always [`DECISION_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// The command that decided.
    pub kind: DecisionKind,
    /// When the command began, in seconds since the Unix epoch.
    pub started_unix_s: u64,
    /// Wall-clock seconds from start to end.
    pub elapsed_s: f64,
    /// Whether the command was interrupted; if so, rows may have few rounds or none.
    pub partial: bool,
    /// The overall verdict on the rows that count.
    pub verdict: Verdict,
    /// The exit code of the command.
    pub exit_code: u8,
    /// What the candidate was compared with, such as a processor, a commit or a baseline.
    pub base: String,
    /// What was compared with the base.
    pub candidate: String,
    /// How rows were decided.
    pub rule: Rule,
    /// Whether inconclusive rows are allowed.
    pub allow_inconclusive: bool,
    /// Whether an environment that differs from the baseline's is allowed.
    pub allow_environment: bool,
    /// Whether the candidate was made the new baseline, whatever was found: `gate --update`.
    #[serde(default)]
    pub accepted: bool,
    /// How the environment differs from the baseline's, one sentence per difference; if it does, absolute times
    /// are compared only if the user allowed it.
    pub differences: Vec<String>,
    /// What the decision was asked to guard and did not; it passes only without any.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// One row per figure, in the order of the table.
    pub rows: Vec<DecisionRow>,
    /// What a reader must know to read the rows correctly, one sentence per note.
    pub notes: Vec<String>,
    /// What the candidate's numbers depend on.
    pub environment: Environment,
}

/// What is wrong or unusual about a row, apart from its figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The base has it and the candidate lacks it.
    Missing,
    /// The candidate has it and the base lacks it; this is not a failure.
    New,
    /// The outputs differ from those that they must equal.
    Parity,
    /// The outputs were not compared with those that they must equal.
    NotVerified,
    /// The figure is above the policy's ceiling.
    Ceiling,
}

/// One figure of one processor on one batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionRow {
    /// The processor and what it is fed, or the forward.
    pub subject: String,
    /// The images and the batch size, such as `mixed, batch 8`.
    pub batch: String,
    /// The figure, such as `preprocess ms` or `ratio (native)`.
    pub figure: String,
    /// Whether the row counts towards the overall verdict.
    pub counts: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong or unusual, apart from the figure.
    pub finding: Option<Finding>,
    /// Median of the base's figure.
    pub base: Option<f64>,
    /// Median of the candidate's figure.
    pub candidate: Option<f64>,
    /// The change and its interval; none if there were too few samples.
    pub judgement: Option<Judgement>,
    /// Rounds taken of the candidate.
    pub rounds: usize,
    /// Why there is no verdict, or what the finding is, as a sentence fragment.
    pub reason: Option<String>,
    /// Every sample; none if the rounds were not paired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Pairs>,
}

impl DecisionRow {
    /// The row's name on one line.
    pub fn name(&self) -> String {
        format!("{}, {}: {}", self.subject, self.batch, self.figure)
    }

    /// Whether this row alone would fail the command.
    pub fn fails(&self, allow_inconclusive: bool) -> bool {
        self.counts
            && match self.finding {
                Some(Finding::Missing | Finding::Parity | Finding::NotVerified | Finding::Ceiling) => true,
                Some(Finding::New) => false,
                None => {
                    self.verdict == Verdict::Regressed
                        || (self.verdict == Verdict::Inconclusive && !allow_inconclusive)
                }
            }
    }
}

impl Decision {
    /// The rows that count.
    pub fn counted(&self) -> impl Iterator<Item = &DecisionRow> {
        self.rows.iter().filter(|row| row.counts)
    }

    /// Sets the overall verdict and the exit code from the rows.
    #[must_use]
    pub fn concluded(mut self) -> Self {
        // A new row has nothing to be compared with until the next baseline.
        let judged = self.counted().filter(|row| row.finding != Some(Finding::New));
        self.verdict = Verdict::overall(judged.map(|row| row.verdict));
        // Nothing was found where nothing was guarded, which is not the same as finding nothing.
        if !self.gaps.is_empty() && self.verdict != Verdict::Regressed {
            self.verdict = Verdict::Inconclusive;
        }
        self.exit_code = self.outcome().code();
        self
    }

    /// How the command ended. The first that applies: interrupted, accepted, parity, speed, gaps and what is missing, environment,
    /// inconclusive rows.
    pub fn outcome(&self) -> Outcome {
        let has = |finding| self.counted().any(|row| row.finding == Some(finding));
        if self.partial {
            Outcome::Interrupted
        } else if self.accepted {
            Outcome::Done
        } else if has(Finding::Parity) {
            Outcome::ParityFailed
        } else if self.verdict == Verdict::Regressed {
            Outcome::Regressed
        } else if !self.gaps.is_empty() || has(Finding::Missing) || has(Finding::NotVerified) {
            Outcome::Inconclusive
        } else if !self.differences.is_empty() && !self.allow_environment {
            Outcome::EnvironmentDiffers
        } else if self.verdict == Verdict::Inconclusive && !self.allow_inconclusive {
            Outcome::Inconclusive
        } else {
            Outcome::Done
        }
    }
}
