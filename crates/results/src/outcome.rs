//! Every way in which a command can end, with its exit code.

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
            Self::Interrupted => 130,
        }
    }

    /// The more severe of two outcomes, for a command that writes several results.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |outcome| match outcome {
            Self::Done => 0,
            Self::EnvironmentDiffers => 1,
            Self::Inconclusive => 2,
            Self::Regressed => 3,
            Self::ParityFailed => 4,
            Self::Interrupted => 5,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}
