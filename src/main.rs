//! The command line as a standalone binary.

use std::process::ExitCode;

use patchmark::{commands::Cli, program};

fn main() -> ExitCode {
    ExitCode::from(Cli::main(program::arguments()))
}
