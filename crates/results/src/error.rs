//! Errors that the user can fix, and the exit code of a command that failed.

/// An argument or an input is wrong; the message names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InputError(pub String);

/// Returns an [`InputError`] built like `format!`, as an `anyhow::Error`.
#[macro_export]
macro_rules! input_error {
    ($($argument:tt)*) => { ::anyhow::Error::new($crate::InputError(format!($($argument)*))) };
}

/// Exit code of an error that the user can fix: an argument or an input is wrong.
pub const INPUT_ERROR: u8 = 2;
/// Exit code of a fault inside patchmark.
pub const FAULT: u8 = 1;

/// The exit code of a failed command: 2 if the cause is an input, 1 otherwise.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let input = error.chain().any(|cause| cause.is::<InputError>());
    if input { INPUT_ERROR } else { FAULT }
}
