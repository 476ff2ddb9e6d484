//! `patchmark history`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use patchmark_gate::{FigureKind, history};
use patchmark_report::{charts::trend, terminal};
use patchmark_results::{Folder, Outcome};

use super::left_out::left_out;
use crate::console::{out, tell};

/// The file that marks a folder as a history's.
const MARKER: &str = "trend.csv";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Figure {
    /// Preprocess time over forward time
    Ratio,
    /// hf's preprocess time over this processor's
    Speedup,
    /// Milliseconds, on the latest run's class of machine
    Time,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of run folders; what cannot be read in it is left out by name (exit code 5)
    dir: PathBuf,
    /// The figure to follow
    #[arg(long, value_enum, default_value = "ratio", env = "PATCHMARK_FIGURE")]
    figure: Figure,
    /// Folder for trend.svg, trend.png and trend.csv [default: runs/history]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/history",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let kind = match arguments.figure {
        Figure::Ratio => FigureKind::Ratio,
        Figure::Speedup => FigureKind::Speedup,
        Figure::Time => FigureKind::Time,
    };
    let history = history::read(&arguments.dir, kind)?;
    let staging = Folder::find(&arguments.out, MARKER)?.staging()?;
    staging.save("trend.svg", trend::svg(&history)?.as_bytes())?;
    staging.save("trend.png", &trend::png(&history)?)?;
    staging.save(MARKER, trend::csv(&history).as_bytes())?;
    staging.replace()?;
    out!("{}", terminal::history::render(&history, terminal::layout::columns()));
    tell!("drawn in {}", arguments.out.display());
    Ok(left_out("run", &history.unreadable))
}
