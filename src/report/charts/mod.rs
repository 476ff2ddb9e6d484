//! The charts of a run, each as an SVG and a PNG drawn by the same code, and as a CSV of its points.

pub(crate) mod font;
mod lines;
mod ratio;
mod stages;
#[cfg(test)]
mod tests;
mod theme;
mod throughput;
pub mod trend;

use std::io::Cursor;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use super::format::{clean, label, machine, model, rounds};
use super::schema::{Estimate, ParityStatus, Run};
use theme::{Canvas, drawing};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 600;
/// The PNG's pixels for each of the SVG's.
const PNG_SCALE: u32 = 2;
/// The PNG is drawn this much larger still and averaged, as plotters leaves wide lines jagged.
const SUPERSAMPLE: u32 = 2;

/// One chart of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// Preprocess time over forward time by batch size.
    Ratio,
    /// Images a second, end to end, by batch size.
    Throughput,
    /// Milliseconds an image by stage, at the largest batch.
    Stages,
}

impl Chart {
    /// Every chart that a run's folder holds.
    pub const ALL: [Self; 3] = [Self::Ratio, Self::Throughput, Self::Stages];

    /// The name of its files, without an extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Throughput => "throughput",
            Self::Stages => "stages",
        }
    }

    /// The chart as an SVG document.
    pub fn svg(self, run: &Run) -> Result<String> {
        render_svg(|canvas| self.draw(run, canvas))
    }

    /// The chart as a PNG of twice the SVG's pixels on a side.
    pub fn png(self, run: &Run) -> Result<Vec<u8>> {
        render_png(|canvas| self.draw(run, canvas))
    }

    /// The chart's points as CSV with a header.
    pub fn csv(self, run: &Run) -> String {
        match self {
            Self::Ratio => lines::csv(run, "ratio", |row| &row.ratio),
            Self::Throughput => lines::csv(run, "images_per_s", |row| &row.images_per_s),
            Self::Stages => stages::csv(run),
        }
    }

    fn draw<B: DrawingBackend>(self, run: &Run, canvas: &Canvas<'_, B>) -> Result<()> {
        match self {
            Self::Ratio => ratio::draw(run, canvas),
            Self::Throughput => throughput::draw(run, canvas),
            Self::Stages => stages::draw(run, canvas),
        }
    }
}

/// What `draw` draws, as an SVG document.
fn render_svg(draw: impl FnOnce(&Canvas<'_, SVGBackend<'_>>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
        font::register()?;
        draw(&Canvas::new(&area, 1.0)?)?;
        area.present().map_err(drawing)?;
    }
    Ok(svg)
}

/// What `draw` draws, as a PNG of twice the SVG's pixels on a side.
fn render_png(draw: impl FnOnce(&Canvas<'_, BitMapBackend<'_>>) -> Result<()>) -> Result<Vec<u8>> {
    let factor = PNG_SCALE * SUPERSAMPLE;
    let (width, height) = (WIDTH * factor, HEIGHT * factor);
    let mut pixels = vec![255; width as usize * height as usize * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        font::register()?;
        draw(&Canvas::new(&area, f64::from(factor))?)?;
        area.present().map_err(drawing)?;
    }
    let large =
        image::RgbImage::from_raw(width, height, pixels).ok_or_else(|| anyhow!("a chart's pixels"))?;
    let small = image::imageops::thumbnail(&large, WIDTH * PNG_SCALE, HEIGHT * PNG_SCALE);
    let mut png = Cursor::new(Vec::new());
    small.write_to(&mut png, image::ImageFormat::Png).context("encoding a chart")?;
    Ok(png.into_inner())
}

/// One processor in a chart. Its index is its colour and marker, alike in every chart of a run.
struct Series {
    index: usize,
    label: String,
    /// Batch size and value, by batch size.
    points: Vec<(usize, Estimate)>,
}

/// A processor's identity and label, in the order first met.
fn processors(run: &Run) -> Vec<(&str, &str, String)> {
    let mut found: Vec<(&str, &str, String)> = Vec::new();
    for row in run.batches.iter().flat_map(|batch| &batch.processors) {
        if !found.iter().any(|(name, feed, _)| (*name, *feed) == (row.name.as_str(), row.feed.as_str())) {
            found.push((&row.name, &row.feed, label(row)));
        }
    }
    for (name, feed, label) in &mut found {
        let rows = run.batches.iter().flat_map(|batch| &batch.processors);
        let mut rows = rows.filter(|row| (row.name.as_str(), row.feed.as_str()) == (*name, *feed));
        if rows.any(|row| matches!(row.parity, ParityStatus::Differs { .. })) {
            label.push_str(" ≠");
        }
    }
    found
}

/// What a reader needs to judge the numbers, at the foot of every chart.
fn caption(run: &Run, left_out: &[String]) -> Vec<String> {
    let (environment, settings) = (&run.environment, &run.settings);
    let version = |name: &str| clean(environment.versions.get(name).map_or("unknown", String::as_str));
    let mut lines = vec![
        format!(
            "{} · {} on {} · {} · {} tower",
            machine(environment, settings),
            clean(&settings.dtype),
            clean(&settings.device),
            model(settings),
            clean(&settings.tower)
        ),
        format!(
            "torch {} · transformers {} · commit {} · {}, bands are 95% intervals of the median",
            version("torch"),
            version("transformers"),
            clean(&environment.commit),
            rounds(run)
        ),
    ];
    let mut remarks = Vec::new();
    if run.partial {
        remarks.push("partial run".to_owned());
    }
    if processors(run).iter().any(|(.., label)| label.ends_with(" ≠")) {
        remarks.push("≠: outputs differ from the reference's".to_owned());
    }
    if !left_out.is_empty() {
        remarks.push(format!("no result: {}", left_out.join(", ")));
    }
    if !remarks.is_empty() {
        lines.push(remarks.join(" · "));
    }
    lines
}

/// A CSV field, quoted where it must be.
fn field(text: &str) -> String {
    let text = clean(text);
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
