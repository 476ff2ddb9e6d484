//! `patchmark golden`.

mod check;
#[cfg(feature = "harness")]
mod make;

use anyhow::Result;
use clap::{Args, Subcommand};
use patchmark_results::Outcome;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a pack: images, parameters, and the tensors that transformers makes of them
    #[cfg(feature = "harness")]
    Make(make::Arguments),
    /// Compare the tensors of any program with a pack; needs neither torch nor Python
    Check(check::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    match &arguments.action {
        #[cfg(feature = "harness")]
        Action::Make(arguments) => make::run(arguments),
        Action::Check(arguments) => check::run(arguments),
    }
}
