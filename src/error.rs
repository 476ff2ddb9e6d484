//! Every way a command can end, and the exit code of each.

/// How a command ended, as CI sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and nothing regressed.
    Done,
    /// A figure is worse than its base by more than the minimum effect.
    Regressed,
    /// Parity with the reference or the contract of the outputs is broken.
    ParityFailed,
    /// Something expected is missing or could not be decided.
    Inconclusive,
    /// The environment differs from the baseline's, so that absolute times mean nothing.
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
}

/// Exit code of an error that the user can mend: an argument or an input is wrong.
pub const INPUT_ERROR: u8 = 2;
/// Exit code of a fault inside patchmark.
pub const FAULT: u8 = 1;

/// An argument or input that the user gave is wrong; the message names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InputError(pub String);

/// Returns an [`InputError`] built like `format!`, as an `anyhow::Error`.
#[macro_export]
macro_rules! input_error {
    ($($argument:tt)*) => { ::anyhow::Error::new($crate::error::InputError(format!($($argument)*))) };
}

/// The exit code for a failed command: 2 where the cause is an input, 1 otherwise.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let input = error.chain().any(|cause| cause.is::<InputError>());
    if input { INPUT_ERROR } else { FAULT }
}
