//! The command line: one file or folder per command, which turns arguments into an [`Outcome`].

mod allow;
#[cfg(feature = "harness")]
mod bench;
#[cfg(feature = "harness")]
mod compare;
mod decisions;
#[cfg(feature = "harness")]
mod doctor;
#[cfg(feature = "harness")]
mod envs;
mod gate;
mod golden;
mod history;
#[cfg(feature = "harness")]
mod journals;
#[cfg(feature = "harness")]
mod kernel_bench;
mod left_out;
#[cfg(feature = "harness")]
mod lineup;
#[cfg(feature = "harness")]
mod options;
#[cfg(feature = "harness")]
mod parity;
#[cfg(feature = "harness")]
mod process;
mod recover;
mod report;
mod saved;
mod schema;
mod twins;
#[cfg(feature = "harness")]
mod validate;
#[cfg(feature = "harness")]
mod values;
#[cfg(feature = "harness")]
mod worker;

use std::ffi::OsString;

use anyhow::Result;
#[cfg(not(feature = "harness"))]
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use patchmark_results::{FAULT, Outcome, exit_code};

use crate::console::{self, tell};
#[cfg(feature = "harness")]
use crate::interrupt;

/// Measures SigLIP 2 (NaFlex) preprocessing beside the forward pass, and compares image processors with Hugging Face's
/// numbers
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The end of every build's help.
macro_rules! exit_codes {
    () => {
        "Exit codes: 0 done, nothing regressed; 1 a fault inside patchmark, or a result that could not be written; 2 the arguments or an input are wrong; \
         3 performance regressed; 4 parity or contract failed; 5 inconclusive, incomplete, or something expected was \
         missing; 6 the environment differs from the baseline's; 130 interrupted.\n\n\
         Options that show [env: NAME] can also be set in the environment."
    };
}

#[cfg(feature = "harness")]
const AFTER_HELP: &str = exit_codes!();
/// The note of a build that cannot measure.
#[cfg(not(feature = "harness"))]
macro_rules! without_harness {
    () => {
        "This build only decides and draws: it was made without the harness, which needs torch and Python. \
         `cargo build --release` makes one that measures, too."
    };
}

#[cfg(not(feature = "harness"))]
const AFTER_HELP: &str = concat!(exit_codes!(), "\n\n", without_harness!());

#[derive(Debug, Subcommand)]
enum Command {
    /// Time preprocessing beside the forward over batch sizes; writes a run
    #[cfg(feature = "harness")]
    Bench(Box<bench::Arguments>),
    /// Compare processors with the reference over a corpus of images
    #[cfg(feature = "harness")]
    Parity(parity::Arguments),
    /// Time two processors, classes, releases or builds in turn until the difference is decided
    #[cfg(feature = "harness")]
    Compare(Box<compare::Arguments>),
    /// Compare a saved run with a saved baseline; --update makes it the new baseline
    Gate(gate::Arguments),
    /// Check processors outside Python: make a pack of images and expected tensors, or compare tensors with one
    Golden(golden::Arguments),
    /// Check whether a candidate (a Python class, a release of transformers) may replace the reference
    #[cfg(feature = "harness")]
    Validate(Box<validate::Arguments>),
    /// Install, list and remove releases of transformers for `validate` and `compare`
    #[cfg(feature = "harness")]
    Envs(envs::Arguments),
    /// Show the trend of many saved runs, and where it changed
    History(history::Arguments),
    /// Run one processor over image files; writes safetensors
    #[cfg(feature = "harness")]
    Process(process::Arguments),
    /// Redraw a saved result without measuring
    Report(report::Arguments),
    /// Show what this machine has, what is missing, and how to get it
    #[cfg(feature = "harness")]
    Doctor(doctor::Arguments),
    /// Write the JSON Schemas of saved documents
    Schema(schema::Arguments),
    /// Time the kernel of `fused-cuda` alone, compared with a copy on the same GPU; prints JSON
    #[cfg(feature = "harness")]
    #[command(hide = true)]
    KernelBench(kernel_bench::Arguments),
    /// Serve subjects to another patchmark
    #[cfg(feature = "harness")]
    #[command(hide = true)]
    Worker(worker::Arguments),
}

impl Cli {
    /// Parses a command line, the program's name first, and runs it; an error is printed with its causes.
    ///
    /// Returns the exit code.
    pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let twins = twins::of(&Self::command(), &arguments);
        let matches = Self::command().try_get_matches_from(&arguments);
        let parsed = match matches.and_then(|matches| Self::from_arg_matches(&matches)) {
            Ok(parsed) => parsed,
            Err(refusal) => {
                // If even the message cannot be printed, there is nothing left to do.
                let _ = refusal.print();
                #[cfg(not(feature = "harness"))]
                if refusal.kind() == ErrorKind::InvalidSubcommand {
                    tell!("\n{}", without_harness!());
                }
                twins::tell(&twins, &refusal.to_string());
                return u8::try_from(refusal.exit_code()).unwrap_or(FAULT);
            }
        };
        let code = match parsed.run() {
            Ok(outcome) => printed(outcome).code(),
            Err(error) => {
                let message = format!("{error:#}");
                tell!("error: {message}");
                twins::tell(&twins, &message);
                exit_code(&error)
            }
        };
        #[cfg(feature = "harness")]
        if interrupt::heard() {
            // Other threads may still compute, and exit handlers would pull their libraries away.
            interrupt::leave(Outcome::Interrupted.code());
        }
        code
    }

    /// Runs the command.
    ///
    /// # Errors
    /// See [`exit_code`] for how an error becomes an exit code.
    pub fn run(self) -> Result<Outcome> {
        match self.command {
            #[cfg(feature = "harness")]
            Command::Bench(arguments) => bench::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Parity(arguments) => parity::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Compare(arguments) => compare::run(&arguments),
            Command::Gate(arguments) => gate::run(&arguments),
            Command::Golden(arguments) => golden::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Validate(arguments) => validate::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Envs(arguments) => envs::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Worker(arguments) => worker::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Process(arguments) => process::run(&arguments),
            Command::Report(arguments) => report::run(&arguments),
            #[cfg(feature = "harness")]
            Command::Doctor(arguments) => doctor::run(&arguments),
            #[cfg(feature = "harness")]
            Command::KernelBench(arguments) => kernel_bench::run(&arguments),
            Command::History(arguments) => history::run(&arguments),
            Command::Schema(arguments) => schema::run(&arguments),
        }
    }
}

/// The outcome of a command, unless what it printed did not arrive.
fn printed(outcome: Outcome) -> Outcome {
    match console::failure() {
        Some(failure) => {
            tell!("error: cannot write to stdout: {failure}");
            outcome.worse(Outcome::NotSaved)
        }
        None => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_variable_of_the_environment_means_one_thing() {
        let command = Cli::command();
        let mut meanings: BTreeMap<String, (String, String)> = BTreeMap::new();
        for subcommand in command.get_subcommands() {
            for option in subcommand.get_arguments() {
                let (Some(variable), Some(long)) = (option.get_env(), option.get_long()) else { continue };
                let values: Vec<_> =
                    option.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
                let meaning = (long.to_owned(), values.join(","));
                let known = meanings
                    .entry(variable.to_string_lossy().into_owned())
                    .or_insert_with(|| meaning.clone());
                assert_eq!(*known, meaning, "{variable:?} of {}", subcommand.get_name());
            }
        }
        #[cfg(feature = "harness")]
        assert!(meanings.len() > 30, "{meanings:?}");
    }
}
