//! `patchmark history`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    error::Outcome,
    gate::figures::FigureKind,
    history::{self, History, Series},
    report::{
        charts::trend,
        folder::Folder,
        format::{clean, number, shorten},
    },
};

/// The file that makes a folder a history's.
const MARKER: &str = "trend.csv";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Figure {
    /// Preprocess over forward.
    Ratio,
    /// hf's preprocess over this one's.
    Speedup,
    /// Milliseconds, of the latest run's class of machine.
    Time,
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of run folders.
    dir: PathBuf,
    /// The figure that is followed.
    #[arg(long, value_enum, default_value = "ratio", env = "PATCHMARK_FIGURE")]
    figure: Figure,
    /// Folder for trend.svg, trend.png and trend.csv [default: runs/history].
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
    print(&history);
    eprintln!("drawn in {}", arguments.out.display());
    Ok(Outcome::Done)
}

fn print(history: &History) {
    println!(
        "{} runs, {} to {}",
        history.commits.len(),
        end(history.commits.first()),
        end(history.commits.last())
    );
    println!(
        "{:<22} {:>5} {:<18} {:>4} {:>8} {:>8}  changes",
        "subject", "batch", "figure", "runs", "first", "latest"
    );
    for series in &history.series {
        let value =
            |point: Option<&history::Point>| point.map_or_else(|| "—".to_owned(), |p| number(p.value));
        println!(
            "{:<22} {:>5} {:<18} {:>4} {:>8} {:>8}  {}",
            shorten(&clean(&series.subject), 22),
            series.batch_size,
            shorten(&clean(&series.figure), 18),
            series.points.len(),
            value(series.points.first()),
            value(series.points.last()),
            changes(history, series)
        );
    }
    for note in &history.notes {
        println!("{note}");
    }
}

fn end(commit: Option<&String>) -> String {
    commit.map_or_else(|| "—".to_owned(), |commit| clean(commit))
}

/// `+12.3% at 0123abc`, one after another.
fn changes(history: &History, series: &Series) -> String {
    let told = series.changes.iter().filter_map(|change| {
        let commit = history.commits.get(series.points.get(change.index)?.run)?;
        Some(format!("{:+.1}% at {}", change.change * 100.0, shorten(&clean(commit), 12)))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}
