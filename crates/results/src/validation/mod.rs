//! The definition of a saved validation (`validate.json`).

mod check;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    difference::{Difference, ParityClass, Tolerance},
    outcome::Outcome,
    skipped::SkippedFile,
    verdict::{Judgement, Rule, Verdict},
};

pub use check::{CheckFinding, CheckRow, CheckVerdict};

/// Bumped whenever a reader of the previous version would misread a validation.
pub const VALIDATION_VERSION: u32 = 4;

/// The conclusion of a validation in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Every check passed, and the candidate is not slower.
    Passed,
    /// Every check passed, but the candidate is slower.
    Slower,
    /// A check failed.
    Failed,
    /// Something could not be decided.
    Undecided,
}

/// One saved result of `validate`: a candidate compared with a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Validation {
    /// Always [`VALIDATION_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// The conclusion in one word.
    pub verdict: Conclusion,
    /// The exit code of the command.
    pub exit_code: u8,
    /// The candidate, as named by the user.
    pub candidate: String,
    /// The class that served as the candidate.
    pub candidate_class: String,
    /// The reference, as named by the user.
    pub reference: String,
    /// The class that served as the reference.
    pub reference_class: String,
    /// The command-line options that allow more than equal bits; none if only equal bits pass.
    pub relaxed: Option<String>,
    /// Which differences pass; none if an older version of patchmark, which did not save it, allowed more than equal
    /// bits.
    pub tolerance: Option<Tolerance>,
    /// How times were judged; none if nothing was timed.
    pub rule: Option<Rule>,
    /// Package versions in the candidate's process, by name.
    pub candidate_versions: BTreeMap<String, String>,
    /// Package versions in the reference's process, by name.
    pub reference_versions: BTreeMap<String, String>,
    /// torch's vector level.
    pub cpu_capability: String,
    /// Number of torch's threads.
    pub threads: usize,
    /// The commit of this build.
    pub commit: String,
    /// Wall-clock seconds.
    pub elapsed_s: f64,
    /// Everything that was found.
    #[serde(flatten)]
    pub found: Findings,
}

impl Validation {
    /// The validation with its verdict and exit code set from its findings.
    #[must_use]
    pub fn concluded(mut self) -> Self {
        let outcome = self.outcome();
        self.exit_code = outcome.code();
        self.verdict = match outcome {
            Outcome::Done => Conclusion::Passed,
            Outcome::Regressed => Conclusion::Slower,
            Outcome::ParityFailed => Conclusion::Failed,
            _ => Conclusion::Undecided,
        };
        self
    }

    /// How the command that made it ended.
    pub fn outcome(&self) -> Outcome {
        self.found.outcome()
    }
}

/// Everything that a validation found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// One row per check.
    pub checks: Vec<CheckRow>,
    /// Parity over the corpus; none if nothing was compared.
    pub parity: Option<CorpusParity>,
    /// What the difference does to embeddings; none if there is no difference or no model was given.
    pub embeddings: Option<Embeddings>,
    /// One row per batch size.
    pub speed: Vec<SpeedRow>,
    /// Why there are no times, if timing was asked for.
    pub speed_missing: Option<String>,
    /// Whether the candidate is the reference itself, so that nothing could have been found, and the user did not allow it.
    #[serde(default)]
    pub identical: bool,
    /// What disturbed the times or is not part of them, one sentence each.
    #[serde(default)]
    pub speed_notes: Vec<String>,
    /// Files that could not be decoded and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_files: Vec<SkippedFile>,
    /// Whether it was interrupted: a check that had not ended is not decided, and times are not judged.
    #[serde(default)]
    pub partial: bool,
}

impl Findings {
    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &CheckRow> {
        self.checks.iter().filter(|row| row.verdict == CheckVerdict::Failed)
    }

    /// The worst verdict of all batch sizes; none if nothing was timed.
    pub fn speed_verdict(&self) -> Option<Verdict> {
        (!self.speed.is_empty()).then(|| Verdict::overall(self.speed.iter().map(|row| row.verdict)))
    }

    /// How the command ended. The first that applies: an interrupt, a failed check, a slower candidate, something
    /// undecided.
    pub fn outcome(&self) -> Outcome {
        let speed = self.speed_verdict();
        let undecided = self.checks.iter().any(|row| row.verdict == CheckVerdict::NotRun)
            || speed == Some(Verdict::Inconclusive)
            || self.speed_missing.is_some()
            || self.identical;
        if self.partial {
            Outcome::Interrupted
        } else if self.failed().next().is_some() {
            Outcome::ParityFailed
        } else if speed == Some(Verdict::Regressed) {
            Outcome::Regressed
        } else if undecided {
            Outcome::Inconclusive
        } else {
            Outcome::Done
        }
    }
}

/// Parity over the whole corpus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CorpusParity {
    /// Calls compared.
    pub cases: usize,
    /// Calls whose values could not be compared, because another check failed on them.
    pub incomparable: usize,
    /// Number of calls per class.
    pub by_class: BTreeMap<ParityClass, usize>,
    /// The loosest class of any call.
    pub class: ParityClass,
    /// The differences of all calls together.
    pub total: Difference,
    /// The image with the worst difference, and its parameters.
    pub worst: String,
}

/// What a difference does to the embeddings of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Embeddings {
    /// The model.
    pub model: String,
    /// Whether its weights are random; if so, only the size of a change is meaningful.
    pub random: bool,
    /// Photographs compared.
    pub images: usize,
    /// The smallest cosine between an image's two embeddings.
    pub worst_cosine: f64,
    /// The largest change of a logit.
    pub worst_logit: f64,
    /// Images for which the best of 16 texts is the same.
    pub top1_agreement: usize,
}

/// The times of one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpeedRow {
    /// Images in the batch.
    pub batch_size: usize,
    /// Median milliseconds of the reference.
    pub reference_ms: f64,
    /// Median milliseconds of the candidate.
    pub candidate_ms: f64,
    /// Rounds taken; each times candidate and reference twice.
    pub rounds: usize,
    /// The verdict on the times.
    pub verdict: Verdict,
    /// The change from the reference's time, and the minimum effect that was applied: the one asked for, or the A/A floor
    /// if that is larger. None if there were too few rounds.
    pub judgement: Option<Judgement>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(verdicts: &[Verdict]) -> Findings {
        let row = |&verdict: &Verdict| SpeedRow {
            batch_size: 1,
            reference_ms: 1.0,
            candidate_ms: 1.0,
            rounds: 10,
            verdict,
            judgement: None,
        };
        Findings { speed: verdicts.iter().map(row).collect(), ..Findings::default() }
    }

    #[test]
    fn the_worst_batch_size_speaks_for_all() {
        let found = timed(&[Verdict::Improved, Verdict::Regressed]);
        assert_eq!(found.speed_verdict(), Some(Verdict::Regressed));
        assert_eq!(timed(&[]).speed_verdict(), None);
        let found = timed(&[Verdict::NotSlower, Verdict::Improved]);
        assert_eq!((found.speed_verdict(), found.outcome()), (Some(Verdict::NotSlower), Outcome::Done));
        assert_eq!(timed(&[Verdict::NotSlower, Verdict::Inconclusive]).outcome(), Outcome::Inconclusive);
    }

    #[test]
    fn a_failed_check_outranks_a_slower_candidate_and_that_what_is_undecided() {
        let check = |verdict| CheckRow { verdict, ..CheckRow::not_run("keys", "") };
        let mut found = timed(&[Verdict::Regressed, Verdict::Inconclusive]);
        found.checks = vec![check(CheckVerdict::Passed), check(CheckVerdict::Failed)];
        assert_eq!(found.outcome(), Outcome::ParityFailed);
        found.checks.pop();
        assert_eq!(found.outcome(), Outcome::Regressed);
        found.speed.remove(0);
        assert_eq!(found.outcome(), Outcome::Inconclusive);
        found.speed.clear();
        assert_eq!(found.outcome(), Outcome::Done);
        found.identical = true;
        assert_eq!(found.outcome(), Outcome::Inconclusive, "the reference always replaces itself");
        found.identical = false;
        found.speed_missing = Some("not timed".into());
        assert_eq!(found.outcome(), Outcome::Inconclusive);
        found.partial = true;
        assert_eq!(found.outcome(), Outcome::Interrupted);
    }
}
