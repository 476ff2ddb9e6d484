//! How a worker ended.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

/// Why a worker ended.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct Death {
    /// The end of a sentence, such as `was killed by signal 11 (SIGSEGV)`.
    pub what: String,
    /// The end of what it printed.
    pub output: String,
    /// Whether it had to be ended because it took too long.
    pub timed_out: bool,
}

/// The end of a sentence on how a process ended.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGKILL), _) => "was killed by signal 9 (SIGKILL), by the system or by itself".into(),
        (Some(signal), _) => format!("was killed by signal {signal}{}", name(signal)),
        (None, Some(code)) => format!("ended with exit status {code} before it answered"),
        (None, None) => "ended before it answered".into(),
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGFPE => " (SIGFPE)",
        libc::SIGILL => " (SIGILL)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGXFSZ => " (SIGXFSZ: a file of more than 2 GiB)",
        _ => "",
    }
}
