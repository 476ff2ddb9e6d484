//! stdout and stderr, whose readers may be gone: a command goes on without them, and nothing measured is lost.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::Mutex,
};

/// Why stdout takes no more: none while it does.
static STDOUT: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints to stdout and flushes it. After the first error nothing more is printed.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let Ok(mut failed) = STDOUT.lock() else { return };
    if failed.is_none() {
        let mut stdout = io::stdout().lock();
        *failed = stdout.write_fmt(text).and_then(|()| stdout.flush()).err();
    }
}

/// Prints a line to stderr, if somebody reads it.
pub(crate) fn print_to_stderr(line: fmt::Arguments<'_>) {
    // Whatever has to be known by a machine is in the exit code and in the files.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Why something could not be printed; none if everything was, or if nobody reads stdout any more.
pub(crate) fn failure() -> Option<String> {
    let failed = STDOUT.lock().ok()?;
    failed.as_ref().filter(|error| error.kind() != ErrorKind::BrokenPipe).map(ToString::to_string)
}

/// As `print!`, without a panic.
macro_rules! out {
    ($($text:tt)*) => { $crate::console::print(format_args!($($text)*)) };
}

/// As `println!`, without a panic.
macro_rules! outln {
    ($($text:tt)*) => { $crate::console::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// As `eprintln!`, without a panic.
macro_rules! tell {
    ($($text:tt)*) => { $crate::console::print_to_stderr(format_args!($($text)*)) };
}

pub(crate) use {out, outln, tell};
