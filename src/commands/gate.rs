//! `patchmark gate`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use patchmark_gate::{Allowed, Policy, decide, load};
use patchmark_report::store;
use patchmark_results::{Decision, Kind, Outcome, Run, input_error};

use super::{
    decisions::{OutputOptions, print},
    saved::save,
};
use crate::console::tell;

/// The policy that is read if none is named.
const POLICY: &str = "patchmark.toml";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The run: its folder or its run.json
    run: PathBuf,
    /// The baseline to compare with: a run's folder or its run.json
    #[arg(long, value_name = "RUN", env = "PATCHMARK_BASELINE")]
    baseline: PathBuf,
    /// The policy file [default: patchmark.toml in the current folder, if there is one]
    #[arg(long, value_name = "FILE", env = "PATCHMARK_POLICY")]
    policy: Option<PathBuf>,
    /// Compare absolute times even if the environment differs from the baseline's
    #[arg(long, env = "PATCHMARK_ALLOW_ENVIRONMENT")]
    allow_environment: bool,
    /// Let a run be compared with itself: without this, run and baseline that hold the same samples are exit code 5
    #[arg(long, env = "PATCHMARK_ALLOW_IDENTICAL")]
    allow_identical: bool,
    /// Make the run the new baseline, after showing what changes
    #[arg(long, env = "PATCHMARK_UPDATE")]
    update: bool,
    /// Folder for gate.json, summary.md, junit.xml, report.html and the chart [default: runs/gate]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/gate",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    #[command(flatten)]
    output: OutputOptions,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let policy = match &arguments.policy {
        Some(file) => Policy::read(file)?,
        None if Path::new(POLICY).exists() => Policy::read(Path::new(POLICY))?,
        None => Policy::default(),
    };
    let run = load::read(&arguments.run)?;
    refuse_partial(&run, &arguments.run, "is a partial run and cannot be gated")?;
    let first = arguments.update && !arguments.baseline.exists();
    if !arguments.update && !arguments.baseline.exists() {
        return Err(input_error!(
            "there is no baseline at {}: add --update to make this run the first one",
            arguments.baseline.display()
        ));
    }
    let baseline = if first { run.clone() } else { load::read(&arguments.baseline)? };
    refuse_partial(&baseline, &arguments.baseline, "is a partial run and cannot be a baseline")?;
    store::check_writable(&arguments.out, Kind::Gate)?;
    if arguments.update {
        store::check_baseline(&arguments.baseline)?;
    }

    let allowed = Allowed { environment: arguments.allow_environment, identical: arguments.allow_identical };
    let decision = decide(&run, &baseline, &policy, allowed)?;
    let decision = Decision { accepted: arguments.update, ..decision }.concluded();
    let mut outcome = Outcome::Done;
    if !first {
        print(&arguments.output, &decision)?;
        let ended = save(&decision, &arguments.out);
        if !arguments.update {
            return Ok(ended.outcome);
        }
        if !ended.saved {
            outcome = Outcome::NotSaved;
        }
    }
    store::write_baseline(&arguments.baseline, &run)?;
    let what = if first { "the first baseline" } else { "the baseline, in place of the one compared above" };
    tell!("{} is now {what}", arguments.baseline.display());
    Ok(outcome)
}

fn refuse_partial(run: &Run, path: &Path, why: &str) -> Result<()> {
    if run.partial {
        return Err(input_error!("{} {why}; run `patchmark bench` to its end", path.display()));
    }
    Ok(())
}
