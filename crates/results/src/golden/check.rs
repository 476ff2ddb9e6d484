//! The definition of what `golden check` finds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pack::{Family, PackOrigin};
use crate::{
    difference::{Difference, ParityClass},
    outcome::Outcome,
};

/// Bumped whenever a reader of the previous version would misread the document.
pub const GOLDEN_CHECK_VERSION: u32 = 1;

/// A program's tensors compared with a golden pack: what `golden check --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenCheck {
    /// Always [`GOLDEN_CHECK_VERSION`] in what this build writes.
    pub golden_check_version: u32,
    /// The pack, as it was named.
    pub pack: String,
    /// The file of tensors, as it was named.
    pub tensors: String,
    /// The pack's family.
    pub family: Family,
    /// What the pack's tensors come from.
    pub origin: PackOrigin,
    /// The loosest class that passes.
    pub allow: ParityClass,
    /// How the command ended: 0 equal, 4 a case failed, 5 a case is missing or could not be verified.
    pub exit_code: u8,
    /// One entry per case, in the order of the pack.
    pub cases: Vec<CaseCheck>,
    /// Tensors of the file that the pack does not know; they change nothing.
    pub extra: Vec<String>,
}

impl GoldenCheck {
    /// How the command that made it ended.
    pub fn outcome(&self) -> Outcome {
        self.cases.iter().fold(Outcome::Done, |outcome, case| outcome.worse(case.verdict.outcome()))
    }

    /// The same with its exit code.
    #[must_use]
    pub fn concluded(self) -> Self {
        Self { exit_code: self.outcome().code(), ..self }
    }

    /// The cases with a verdict.
    pub fn with(&self, verdict: CaseVerdict) -> impl Iterator<Item = &CaseCheck> {
        self.cases.iter().filter(move |case| case.verdict == verdict)
    }
}

/// What became of a case or of one of its tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaseVerdict {
    /// It is equal, or differs by no more than is allowed.
    Passed,
    /// The file has none of the case's tensors.
    Missing,
    /// It differs from a digest, which cannot say whether by more than is allowed.
    NotVerified,
    /// It differs by more than is allowed, or breaks the contract.
    Failed,
}

impl CaseVerdict {
    fn outcome(self) -> Outcome {
        match self {
            Self::Passed => Outcome::Done,
            Self::Missing | Self::NotVerified => Outcome::Inconclusive,
            Self::Failed => Outcome::ParityFailed,
        }
    }
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseCheck {
    /// Its name in the pack.
    pub name: String,
    /// The files of its images.
    pub images: Vec<String>,
    /// The worst of its tensors' verdicts; missing if all of them are.
    pub verdict: CaseVerdict,
    /// Its tensors; empty if all of them are missing.
    pub tensors: Vec<TensorCheck>,
}

/// One tensor of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorCheck {
    /// Its key, such as `pixel_values`.
    pub key: String,
    /// What became of it.
    pub verdict: CaseVerdict,
    /// How different it is; none if it is missing, breaks the contract, or differs from a digest.
    pub class: Option<ParityClass>,
    /// A sentence for each thing that was found; empty if every bit is equal.
    pub findings: Vec<String>,
    /// How far values are apart, without padding and values that are not finite; none if that was not measured.
    pub difference: Option<Difference>,
}
