//! `arrows`: checks the dependencies between source files.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use patchmark_arrows::{RULES, check};

/// Checks the source files of a workspace: no circle of imports, no forbidden import, a complete map.
///
/// Exit codes: 0 if nothing is wrong, 1 for faults, 2 for input that cannot be read.
#[derive(Parser)]
#[command(name = "arrows")]
struct Options {
    /// The root of the workspace
    #[arg(default_value = ".")]
    root: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // If the reader is gone, nobody needs the message.
    match check(&options.root, RULES) {
        Ok(report) => {
            let _ = writeln!(io::stdout(), "{report}");
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}
