//! Charts of saved results, each drawn once and rendered as SVG and PNG in either theme, and as a CSV of
//! its points.

mod across;
mod canvas;
mod caption;
mod chart;
mod csv;
mod forest;
mod heat;
mod lines;
mod marker;
mod matrix;
mod pairs;
mod parity;
mod ratio;
mod render;
mod rows;
mod samples;
mod stages;
#[cfg(test)]
mod tests;
mod theme;
mod throughput;
pub mod trend;

use anyhow::Result;
use patchmark_results::{Decision, Kind, Parity, Releases, Run, Validation};

pub use canvas::{Canvas, Mark};
pub use chart::Chart;
use chart::{HEIGHT, WIDTH};
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

/// The names of a run's charts, in the order of its page.
pub const OF_RUN: [&str; 4] = ["ratio", "stages", "throughput", "samples"];

/// Every chart of a run, in the order of [`OF_RUN`].
///
/// # Errors
/// If drawing fails.
pub fn of_run(run: &Run) -> Result<Vec<Chart>> {
    let chart = |name, draw: fn(&Run, &mut Canvas) -> Result<()>, csv| -> Result<Chart> {
        let mut canvas = Canvas::new(WIDTH, HEIGHT)?;
        draw(run, &mut canvas)?;
        Ok(Chart { name, canvas, csv })
    };
    Ok(vec![
        chart(OF_RUN[0], ratio::draw, lines::csv(run, &[("ratio", |row| &row.ratio)]))?,
        chart(OF_RUN[1], stages::draw, stages::csv(run))?,
        chart(
            OF_RUN[2],
            throughput::draw,
            lines::csv(
                run,
                &[("serial", |row| &row.images_per_s), ("pipelined", |row| &row.pipelined_images_per_s)],
            ),
        )?,
        chart(OF_RUN[3], samples::draw, samples::csv(run))?,
    ])
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
    Ok(vec![
        Chart { name: OF_PARITY[0], canvas: parity::draw(run)?, csv: parity::csv(run) },
        Chart { name: OF_PARITY[1], canvas: heat::draw(run)?, csv: heat::csv(run) },
    ])
}

/// The names of the charts of a matrix of releases.
pub const OF_RELEASES: [&str; 1] = ["releases"];

/// The chart of a matrix of releases.
///
/// # Errors
/// If drawing fails.
pub fn of_releases(releases: &Releases) -> Result<Vec<Chart>> {
    Ok(vec![Chart { name: OF_RELEASES[0], canvas: matrix::draw(releases)?, csv: matrix::csv(releases) }])
}
