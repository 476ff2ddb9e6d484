//! The command line: one file a command, each from arguments to an [`Outcome`].

mod bench;
mod compare;
mod decisions;
mod doctor;
mod endings;
mod envs;
mod gate;
mod history;
mod kernel_bench;
mod options;
mod parity;
mod process;
mod report;
mod sampler;
mod schema;
mod validate;
mod worker;

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::error::{self, Outcome};

/// Measures SigLIP 2 (NaFlex) preprocessing beside the forward pass, and holds image processors
/// against Hugging Face's numbers.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, nothing regressed; 1 a fault inside patchmark; 2 the arguments or an input are
wrong; 3 performance regressed; 4 parity or contract failed; 5 inconclusive, incomplete, or something
expected was missing; 6 the environment differs from the baseline's; 130 interrupted.
Every option has an environment twin, PATCHMARK_ and its name, such as PATCHMARK_BATCH_SIZES.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Preprocess and forward side by side, over batch sizes; writes a run.
    Bench(Box<bench::Arguments>),
    /// Processors against the reference on a corpus; writes a run.
    Parity(parity::Arguments),
    /// Two processors, or two builds of patchmark, timed in turn until it is decided.
    Compare(Box<compare::Arguments>),
    /// A saved run against a saved baseline; writes a new baseline with --update.
    Gate(gate::Arguments),
    /// May a candidate (a Python class, a release of transformers) replace the reference?
    Validate(Box<validate::Arguments>),
    /// Releases of transformers that `validate` can use.
    Envs(envs::Arguments),
    /// The trend of many saved runs, and where it changed.
    History(history::Arguments),
    /// One processor over image files; writes safetensors.
    Process(process::Arguments),
    /// Redraws everything from a saved run; never measures.
    Report(report::Arguments),
    /// What this machine has, what is missing, and the command that mends it.
    Doctor(doctor::Arguments),
    /// Writes the JSON Schemas of what is saved.
    #[command(hide = true)]
    Schema(schema::Arguments),
    /// The kernel of `fused-cuda` alone, against a copy on the same GPU; prints JSON.
    #[command(hide = true)]
    KernelBench(kernel_bench::Arguments),
    /// Times samples for `compare --base-binary` of another build.
    #[command(hide = true)]
    Sampler,
    /// One subject of `validate`, in a process of its own.
    #[command(hide = true)]
    Worker(worker::Arguments),
}

impl Cli {
    /// Reads a command line, the program's name first, and runs it; an error is printed with its causes.
    ///
    /// Returns the exit code.
    pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
        let parsed = match Self::try_parse_from(arguments) {
            Ok(parsed) => parsed,
            Err(refusal) => {
                // Nothing can be done where even the message cannot be printed.
                let _ = refusal.print();
                return u8::try_from(refusal.exit_code()).unwrap_or(error::FAULT);
            }
        };
        match parsed.run() {
            Ok(outcome) => outcome.code(),
            Err(error) => {
                eprintln!("error: {error:#}");
                error::exit_code(&error)
            }
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    /// See [`crate::error::exit_code`] for how an error becomes an exit code.
    pub fn run(self) -> Result<Outcome> {
        match self.command {
            Command::Bench(arguments) => bench::run(&arguments),
            Command::Parity(arguments) => parity::run(&arguments),
            Command::Compare(arguments) => compare::run(&arguments),
            Command::Gate(arguments) => gate::run(&arguments),
            Command::Validate(arguments) => validate::run(&arguments),
            Command::Envs(arguments) => envs::run(&arguments),
            Command::Worker(arguments) => worker::run(&arguments),
            Command::Process(arguments) => process::run(&arguments),
            Command::Report(arguments) => report::run(&arguments),
            Command::Doctor(arguments) => doctor::run(&arguments),
            Command::KernelBench(arguments) => kernel_bench::run(&arguments),
            Command::Sampler => sampler::run(),
            Command::History(arguments) => history::run(&arguments),
            Command::Schema(arguments) => schema::run(&arguments),
        }
    }
}
