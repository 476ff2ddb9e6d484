//! `patchmark gate`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::decisions::{Format, print};
use crate::{
    error::Outcome,
    gate::{Policy, decision::Kind, load, output, runs},
    input_error,
    report::{Run, store},
};

/// The policy that is read where none is named.
const POLICY: &str = "patchmark.toml";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The run: its folder or its run.json.
    run: PathBuf,
    /// The run that it is held against.
    #[arg(long, value_name = "RUN", env = "PATCHMARK_BASELINE")]
    baseline: PathBuf,
    /// What is asked of the run [default: patchmark.toml of the current folder, where there is one].
    #[arg(long, value_name = "FILE", env = "PATCHMARK_POLICY")]
    policy: Option<PathBuf>,
    /// Compare absolute times and go on, although the environment differs from the baseline's.
    #[arg(long, env = "PATCHMARK_ALLOW_ENVIRONMENT")]
    allow_environment: bool,
    /// Make the run the new baseline, after showing what changes.
    #[arg(long, env = "PATCHMARK_UPDATE")]
    update: bool,
    /// Folder for gate.json, summary.md and junit.xml [default: runs/gate].
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/gate",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    #[command(flatten)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let policy = match &arguments.policy {
        Some(file) => Policy::read(file)?,
        None if Path::new(POLICY).exists() => Policy::read(Path::new(POLICY))?,
        None => Policy::default(),
    };
    let run = load::read(&arguments.run)?;
    refuse_partial(&run, &arguments.run, "is a partial run and can be no one's pass")?;
    let first = arguments.update && !arguments.baseline.exists();
    let baseline = if first { run.clone() } else { load::read(&arguments.baseline)? };
    refuse_partial(&baseline, &arguments.baseline, "is a partial run and can be no baseline")?;
    output::check_writable(&arguments.out, Kind::Gate)?;
    if arguments.update {
        store::check_baseline(&arguments.baseline)?;
    }

    let decision = runs::decide(&run, &baseline, &policy, arguments.allow_environment);
    if !first {
        output::write(&arguments.out, &decision)?;
        print(&arguments.format, &decision)?;
        eprintln!("saved in {}", arguments.out.display());
    }
    if !arguments.update {
        return Ok(decision.outcome());
    }
    store::write_baseline(&arguments.baseline, &run)?;
    let what = if first { "the first baseline" } else { "the baseline, in place of the one compared above" };
    eprintln!("{} is now {what}", arguments.baseline.display());
    Ok(Outcome::Done)
}

fn refuse_partial(run: &Run, path: &Path, why: &str) -> Result<()> {
    if run.partial {
        return Err(input_error!("{} {why}; run `patchmark bench` to its end", path.display()));
    }
    Ok(())
}
