//! Parses the arguments, runs the command, prints the chain of causes of an error.

use std::process::ExitCode;

use clap::Parser;
use patchmark::{commands::Cli, error};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            error::exit_code(&error)
        }
    }
}
