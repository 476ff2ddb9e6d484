//! Charts of saved results, each drawn once and rendered as SVG and PNG in either theme, and as a CSV of
//! its points.

mod across;
mod axis;
mod canvas;
mod caption;
mod chart;
mod csv;
mod flows;
mod forest;
mod frame;
mod heat;
#[cfg(test)]
mod layout_tests;
mod lines;
mod marker;
mod matrix;
mod pairs;
mod parity;
mod png;
mod ratio;
mod rows;
mod samples;
mod stages;
mod svg;
#[cfg(test)]
mod tests;
mod theme;
mod throughput;
pub mod trend;

use anyhow::Result;
use patchmark_results::{Decision, Kind, Parity, Releases, Run, Validation};

use crate::words;

pub use canvas::{Canvas, Mark};
pub use chart::Chart;
pub use frame::Frame;
pub use svg::for_page;
pub use theme::{Colour, Theme};

/// The names of the charts that a result of a kind can have.
pub fn of_kind(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Run => &OF_RUN,
        Kind::Compare | Kind::Gate | Kind::Validation => &OF_PAIRS,
        Kind::Parity => &OF_PARITY,
        Kind::Releases => &OF_RELEASES,
    }
}

/// The name of the chart of a decision, or of a validation's times.
pub const OF_PAIRS: [&str; 1] = ["pairs"];

/// The names that a run's charts can have, in the order of its page.
pub const OF_RUN: [&str; 5] = ["ratio", "stages", "throughput", FLOWS, "samples"];

/// The name of the chart that only runs with flows from files have.
const FLOWS: &str = "flows";

/// The names of the charts that a run has.
pub fn names_of_run(run: &Run) -> Vec<&'static str> {
    let has_flows = words::flows::batch(run).is_some();
    OF_RUN.into_iter().filter(|name| *name != FLOWS || has_flows).collect()
}

/// Every chart of a run, in the order of [`names_of_run`].
///
/// # Errors
/// If drawing fails.
pub fn of_run(run: &Run) -> Result<Vec<Chart>> {
    let chart = |name| match name {
        "ratio" => ratio::chart(name, run),
        "stages" => stages::chart(name, run),
        "throughput" => throughput::chart(name, run),
        FLOWS => flows::chart(name, run),
        _ => samples::chart(name, run),
    };
    names_of_run(run).into_iter().map(chart).collect()
}

/// The chart of several runs, each with its name.
///
/// # Errors
/// If drawing fails.
pub fn of_runs(runs: &[(String, Run)]) -> Result<Chart> {
    across::chart(runs)
}

/// The chart of a decision.
///
/// # Errors
/// If drawing fails.
pub fn of_decision(decision: &Decision) -> Result<Vec<Chart>> {
    Ok(vec![pairs::of_decision(decision)?])
}

/// The chart of a validation's times; none if nothing was timed.
///
/// # Errors
/// If drawing fails.
pub fn of_validation(validation: &Validation) -> Result<Vec<Chart>> {
    if validation.found.speed.is_empty() {
        Ok(Vec::new())
    } else {
        Ok(vec![pairs::of_validation(validation)?])
    }
}

/// The names of a parity result's charts.
pub const OF_PARITY: [&str; 2] = ["parity", "worst"];

/// Every chart of a parity result, in the order of [`OF_PARITY`].
///
/// # Errors
/// If drawing fails.
pub fn of_parity(run: &Parity) -> Result<Vec<Chart>> {
    Ok(vec![parity::chart(OF_PARITY[0], run)?, heat::chart(OF_PARITY[1], run)?])
}

/// The names of the charts of a matrix of releases.
pub const OF_RELEASES: [&str; 1] = ["releases"];

/// The chart of a matrix of releases.
///
/// # Errors
/// If drawing fails.
pub fn of_releases(releases: &Releases) -> Result<Vec<Chart>> {
    Ok(vec![matrix::chart(OF_RELEASES[0], releases)?])
}
