//! Charts of saved results, each drawn once and rendered as SVG and PNG in either theme, and as a CSV of
//! its points.

mod across;
mod canvas;
mod caption;
pub(crate) mod font;
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

use super::format::clean;
use super::schema::Run;
use crate::gate::Decision;
use crate::parity::ParityRun;
use crate::validate::{releases::Matrix, report::Report};
pub use canvas::{Canvas, Mark};
pub use theme::{Colour, Theme};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 620.0;

/// The names of a run's charts, in the order of its page.
pub const OF_RUN: [&str; 4] = ["ratio", "stages", "throughput", "samples"];

/// One chart, drawn.
#[derive(Debug, Clone)]
pub struct Chart {
    name: &'static str,
    canvas: Canvas,
    csv: String,
}

impl Chart {
    /// The name of its files, without an extension.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The picture itself, with the values in it.
    pub fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// The chart as an SVG document.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn svg(&self, theme: Theme) -> Result<String> {
        render::svg(&self.canvas, theme)
    }

    /// The shapes inside an SVG's element, coloured by a page's variables (see [`Colour::variable`]).
    ///
    /// # Errors
    /// If drawing fails.
    pub fn shapes_for_page(&self) -> Result<String> {
        render::shapes_for_page(&self.canvas)
    }

    /// The chart as a PNG of twice the SVG's pixels on a side.
    ///
    /// # Errors
    /// If drawing fails.
    pub fn png(&self, theme: Theme) -> Result<Vec<u8>> {
        render::png(&self.canvas, theme)
    }

    /// Every value behind the chart as CSV with a header, those that it had no room for too.
    pub fn csv(&self) -> &str {
        &self.csv
    }
}

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

/// The chart of a validation's times; none where nothing was timed.
///
/// # Errors
/// If drawing fails.
pub fn of_validation(report: &Report) -> Result<Vec<Chart>> {
    if report.outcome.speed.is_empty() { Ok(Vec::new()) } else { Ok(vec![pairs::of_validation(report)?]) }
}

/// The names of a comparison's charts.
pub const OF_PARITY: [&str; 2] = ["parity", "worst"];

/// Every chart of a comparison with the reference, in the order of [`OF_PARITY`].
///
/// # Errors
/// If drawing fails.
pub fn of_parity(run: &ParityRun) -> Result<Vec<Chart>> {
    Ok(vec![
        Chart { name: OF_PARITY[0], canvas: parity::draw(run)?, csv: parity::csv(run) },
        Chart { name: OF_PARITY[1], canvas: heat::draw(run)?, csv: heat::csv(run) },
    ])
}

/// The names of a matrix of releases' charts.
pub const OF_RELEASES: [&str; 1] = ["releases"];

/// The chart of a matrix of releases.
///
/// # Errors
/// If drawing fails.
pub fn of_releases(matrix: &Matrix) -> Result<Vec<Chart>> {
    Ok(vec![Chart { name: OF_RELEASES[0], canvas: matrix::draw(matrix)?, csv: matrix::csv(matrix) }])
}

/// A CSV field, quoted where it must be. A leading sign that a spreadsheet would compute is disarmed.
fn field(text: &str) -> String {
    let text = clean(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
