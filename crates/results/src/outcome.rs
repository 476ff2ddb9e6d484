//! Every way in which a command can end, with its exit code.

use crate::error::FAULT;

/// How a command ended, as CI sees it. Every saved result has an `outcome()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and nothing regressed.
    Done,
    /// A figure is worse than the baseline's by more than the minimum effect.
    Regressed,
    /// Outputs differ from the reference's, or break their contract.
    ParityFailed,
    /// Something expected is missing or could not be decided.
    Inconclusive,
    /// The environment differs from the baseline's, so that absolute times cannot be compared.
    EnvironmentDiffers,
    /// What was found could not be written, and nothing else is wrong.
    NotSaved,
    /// Ctrl-C: what was measured is saved and marked partial.
    Interrupted,
}

impl Outcome {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Regressed => 3,
            Self::ParityFailed => 4,
            Self::Inconclusive => 5,
            Self::EnvironmentDiffers => 6,
            Self::NotSaved => FAULT,
            Self::Interrupted => 130,
        }
    }

    /// The more severe of two outcomes, for a command that writes several results.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |outcome| match outcome {
            Self::Done => 0,
            Self::NotSaved => 1,
            Self::EnvironmentDiffers => 2,
            Self::Inconclusive => 3,
            Self::Regressed => 4,
            Self::ParityFailed => 5,
            Self::Interrupted => 6,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}
