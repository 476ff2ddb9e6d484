//! A validation as it is printed and saved.

mod junit;
mod markdown;
#[cfg(test)]
pub(crate) mod samples;
mod store;
mod terminal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use markdown::render as markdown;
pub use store::{check_writable, write};
pub use terminal::render as terminal;

use super::{exam::Verdict, run::Outcome, side::About};
use crate::report::format::{self, change_interval, number};

/// Bumped whenever a reader of the version before would misread a report.
pub const SCHEMA_VERSION: u32 = 2;

/// A validation in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Every check passed, and it is not slower.
    Passed,
    /// Every check passed, and it is slower.
    Slower,
    /// A check failed.
    Failed,
    /// Something could not be decided.
    Undecided,
}

/// `validate.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The whole in one word.
    pub verdict: Conclusion,
    /// The exit code of the command.
    pub exit_code: u8,
    /// The candidate as it was named.
    pub candidate: String,
    /// The class that served as the candidate.
    pub candidate_class: String,
    /// The reference as it was named.
    pub against: String,
    /// The class that served as the reference.
    pub against_class: String,
    /// What was allowed beyond the same bits, where anything was.
    pub relaxed: Option<String>,
    /// Packages of the candidate's process.
    pub candidate_versions: BTreeMap<String, String>,
    /// Packages of the reference's process.
    pub against_versions: BTreeMap<String, String>,
    /// torch's vector level.
    pub cpu_capability: String,
    /// Threads of torch.
    pub threads: usize,
    /// The commit of this build.
    pub commit: String,
    /// Wall-clock seconds.
    pub elapsed_s: f64,
    /// Everything that was found.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Report {
    /// Puts together what was found and what it was found on.
    pub fn new(
        (candidate, against): (&str, &str),
        (candidate_about, against_about): (&About, &About),
        relaxed: Option<String>,
        threads: usize,
        elapsed_s: f64,
        outcome: Outcome,
    ) -> Self {
        use crate::error::Outcome::{Done, ParityFailed, Regressed};
        let ending = outcome.ending();
        Self {
            schema_version: SCHEMA_VERSION,
            verdict: match ending {
                Done => Conclusion::Passed,
                Regressed => Conclusion::Slower,
                ParityFailed => Conclusion::Failed,
                _ => Conclusion::Undecided,
            },
            exit_code: ending.code(),
            candidate: candidate.into(),
            candidate_class: candidate_about.class.clone(),
            against: against.into(),
            against_class: against_about.class.clone(),
            relaxed,
            candidate_versions: candidate_about.versions.clone(),
            against_versions: against_about.versions.clone(),
            cpu_capability: against_about.capability.clone(),
            threads,
            commit: env!("PATCHMARK_BUILD_COMMIT").into(),
            elapsed_s,
            outcome,
        }
    }

    /// One sentence on all of it.
    pub fn headline(&self) -> String {
        let failed = self.outcome.failed().count();
        let ran =
            self.outcome.checks.iter().filter(|row| matches!(row.verdict, Verdict::Passed | Verdict::Failed));
        let ran = ran.count();
        let relaxed =
            self.relaxed.as_ref().map_or_else(String::new, |relaxed| format!(" (relaxed: {relaxed})"));
        let what = match self.verdict {
            Conclusion::Passed => format!("may replace {}: all {ran} checks passed", self.against),
            Conclusion::Slower => format!("is right and slower than {}", self.against),
            Conclusion::Failed => {
                format!("may not replace {}: {failed} of {ran} checks failed", self.against)
            }
            Conclusion::Undecided if failed == 0 && self.outcome.speed_verdict().is_some() => {
                format!("passed all {ran} checks; its speed beside {} was not decided", self.against)
            }
            Conclusion::Undecided => format!("could not be decided against {}", self.against),
        };
        format!("{} {what}{relaxed}", self.candidate)
    }

    /// One line a part: parity, embeddings, speed.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(parity) = &self.outcome.parity {
            let classes: Vec<String> =
                parity.by_class.iter().map(|(class, cases)| format!("{cases} {class}")).collect();
            let beside = match parity.incomparable {
                0 => String::new(),
                count => format!(", {count} not comparable"),
            };
            lines.push(format!("parity: {} calls: {}{beside}", parity.cases, classes.join(", ")));
            if parity.class != super::Class::Exact {
                lines.push(format!("        {}", parity.total.describe()));
            }
        }
        if let Some(found) = &self.outcome.embeddings {
            lines.push(format!(
                "behind {}{}: cosine {:.6} at worst, logits move by {:.2e} at most, top-1 of {} images agrees for {}",
                found.model,
                if found.random { " (random weights)" } else { "" },
                found.worst_cosine,
                found.worst_logit,
                found.images,
                found.top1_agreement
            ));
        }
        for row in &self.outcome.speed {
            let found = row.judgement.map_or_else(
                || "too few rounds".to_owned(),
                |judged| {
                    let (change, least) = (judged.change, judged.min_effect * 100.0);
                    format!(
                        "{} {}, ±{least:.1}% counts",
                        format::change(change.median),
                        change_interval(&change)
                    )
                },
            );
            lines.push(format!(
                "speed, batch {:>2}: {:>12} · {found}; {} ms against {} ms, {} rounds",
                row.batch_size,
                row.verdict.word(),
                number(row.candidate_ms),
                number(row.reference_ms),
                row.rounds
            ));
        }
        lines.extend(self.outcome.speed_missing.iter().map(|why| format!("speed: {why}")));
        lines
    }
}
