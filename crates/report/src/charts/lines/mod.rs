//! Lines over batch sizes, shared by the charts of the ratio and the throughput.

mod labels;
mod series;

use anyhow::Result;
pub(super) use labels::spread;
use labels::{LEADER, Label, SAMPLE, Sample, below, beside};
use patchmark_results::{
    Estimate, Run,
    text::{count, number},
};
pub(super) use series::{Series, csv, series, sound};

use super::{
    axis::Axis,
    canvas::{Canvas, Point, Side},
    rows::batches,
    theme::{BODY, Colour},
};
use crate::words::figures::interval;

/// A dash and its gap: of a line that others are compared with, and of a second line of a processor.
const REFERENCE: (f64, f64) = (9.0, 6.0);
const SECOND: (f64, f64) = (4.0, 4.0);
/// The largest distance between two processors' points of the same batch size.
const APART: f64 = 10.0;

/// A line that the others are compared with.
pub(super) struct Reference {
    pub label: &'static str,
    /// Batch size and value; a single value without a size is drawn across the whole plot.
    pub points: Vec<(Option<usize>, f64)>,
}

/// What is drawn.
pub(super) struct Lines {
    pub axis: Axis,
    /// The name of the vertical axis, with its unit.
    pub name: String,
    /// What follows a value in the text of a mark.
    pub unit: &'static str,
    pub series: Vec<Series>,
    /// Second lines of the same processors, which are dashed, and what their marks call them.
    pub second: (Vec<Series>, &'static str),
    pub references: Vec<Reference>,
}

/// Where the lines are drawn, in logical pixels.
struct Plot<'a> {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    lines: &'a Lines,
    sizes: Vec<usize>,
}

impl Lines {
    /// The lines with their axes and names.
    pub fn draw(&self, run: &Run, width: f64) -> Result<Canvas> {
        let mut canvas = Canvas::new(width)?;
        if self.series.is_empty() {
            canvas.nothing("Nothing was measured.");
            return Ok(canvas);
        }
        let names = self.references.iter().map(|reference| reference.label);
        let names = names.chain(self.series.iter().map(|line| line.label.as_str()));
        let names = canvas.widest(names, BODY, 60.0)?.min(width * 0.3) + LEADER + SAMPLE;
        let ticks = canvas.widest(self.axis.ticks.iter().map(|(_, text)| text.as_str()), BODY, 0.0)?;
        let top = 40.0;
        let plot = Plot {
            left: ticks + 10.0,
            right: if canvas.narrow() { width - 4.0 } else { width - names },
            top,
            bottom: top + if canvas.narrow() { 340.0 } else { 400.0 },
            lines: self,
            sizes: batches(run).0.iter().map(|batch| batch.batch_size.max(1)).collect(),
        };
        plot.axes(&mut canvas)?;
        plot.second(&mut canvas);
        plot.paths(&mut canvas);
        // Above the lines, as it would be lost among lines that nearly reach it.
        plot.references(&mut canvas);
        plot.markers(&mut canvas);
        plot.labels(&mut canvas)?;
        Ok(canvas)
    }

    /// What the caption says about points that stand side by side.
    pub fn remark(&self) -> Option<String> {
        (self.series.len() > 1).then(|| "points of one batch size stand side by side".to_owned())
    }
}

impl Plot<'_> {
    /// The place of a batch size on a log₂ axis, with half a doubling of room at both ends.
    fn x(&self, size: usize) -> f64 {
        let log = |size: usize| (size as f64).log2();
        let low = self.sizes.first().map_or(0.0, |size| log(*size)) - 0.5;
        let high = self.sizes.last().map_or(0.0, |size| log(*size)) + 0.5;
        self.left + (log(size) - low) / (high - low) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.lines.axis.share(value) * (self.bottom - self.top)
    }

    /// How far a processor's points are moved sideways, so that those of one batch size do not hide each other.
    fn aside(&self, line: &Series) -> f64 {
        let places: Vec<f64> = self.sizes.iter().map(|size| self.x(*size)).collect();
        let gap = places.windows(2).map(|pair| pair[1] - pair[0]).fold(self.right - self.left, f64::min);
        let count = self.lines.series.len() as f64;
        let place = self.lines.series.iter().position(|other| other.index == line.index).unwrap_or(0);
        (place as f64 - (count - 1.0) / 2.0) * (gap * 0.7 / count).min(APART)
    }

    fn points(&self, line: &Series) -> Vec<Point> {
        let aside = self.aside(line);
        line.points.iter().map(|(size, e)| (self.x(*size) + aside, self.y(e.median))).collect()
    }

    fn axes(&self, canvas: &mut Canvas) -> Result<()> {
        canvas.text(&self.lines.name, (0.0, 14.0), BODY, Colour::Ink, Side::Left);
        for (value, text) in &self.lines.axis.ticks {
            let y = self.y(*value);
            canvas.line(&[(self.left, y), (self.right, y)], Colour::Grid, 1.0);
            canvas.text(text, (self.left - 10.0, y), BODY, Colour::Ink, Side::Right);
        }
        canvas.line(&[(self.left, self.bottom), (self.right, self.bottom)], Colour::Muted, 1.4);
        // From the right, because the largest batch matters most; labels that would touch are left out.
        let mut free = f64::INFINITY;
        for size in self.sizes.iter().rev() {
            let (x, text) = (self.x(*size), count(*size as u64));
            canvas.line(&[(x, self.bottom), (x, self.bottom + 5.0)], Colour::Muted, 1.4);
            let half = canvas.text_width(&text, BODY)? / 2.0;
            if x + half + 8.0 <= free {
                canvas.text(&text, (x, self.bottom + 18.0), BODY, Colour::Ink, Side::Centre);
                free = x - half;
            }
        }
        let middle = ((self.left + self.right) / 2.0, self.bottom + 42.0);
        canvas.text("batch size (images)", middle, BODY, Colour::Ink, Side::Centre);
        canvas.height = self.bottom + 54.0;
        Ok(())
    }

    fn path(&self, reference: &Reference) -> Vec<Point> {
        let path: Vec<Point> =
            reference.points.iter().filter_map(|(size, v)| Some((self.x((*size)?), self.y(*v)))).collect();
        let level = reference.points.last().map_or(self.bottom, |(_, value)| self.y(*value));
        if path.len() < 2 { vec![(self.left, level), (self.right, level)] } else { path }
    }

    fn references(&self, canvas: &mut Canvas) {
        for reference in &self.lines.references {
            canvas.dashes(&self.path(reference), Colour::Ink, REFERENCE);
            for (size, value) in &reference.points {
                let Some(size) = size else { continue };
                let text =
                    format!("{}, batch {size}: {}{}", reference.label, number(*value), self.lines.unit);
                canvas.mark((self.x(*size), self.y(*value)), (9.0, 6.0), text, *value);
            }
        }
    }

    fn second(&self, canvas: &mut Canvas) {
        let (lines, name) = &self.lines.second;
        for line in lines {
            let points = self.points(line);
            canvas.dashes(&points, Colour::Series(line.index), SECOND);
            for (point, (size, estimate)) in points.iter().zip(&line.points) {
                canvas.disc(*point, 3.0, Colour::Series(line.index), 1.0);
                let value = number(estimate.median);
                let text = format!("{}, batch {size}, {name}: {value}{}", line.label, self.lines.unit);
                canvas.mark(*point, (9.0, 9.0), text, estimate.median);
            }
        }
    }

    fn paths(&self, canvas: &mut Canvas) {
        for line in &self.lines.series {
            let points = self.points(line);
            for ((x, _), (_, estimate)) in points.iter().zip(&line.points) {
                self.whisker(canvas, *x, estimate, Colour::Series(line.index));
            }
            if points.len() > 1 {
                canvas.line(&points, Colour::Series(line.index), 2.0);
            }
        }
    }

    fn markers(&self, canvas: &mut Canvas) {
        for line in &self.lines.series {
            for (point, (size, estimate)) in self.points(line).iter().zip(&line.points) {
                canvas.marker(line.index, *point);
                let text = format!("{}, batch {size}: {}{}", line.label, interval(estimate), self.lines.unit);
                canvas.mark(*point, (9.0, 9.0), text, estimate.median);
            }
        }
    }

    /// An interval as a thin upright line with a bar at each end; unlike bands, many of them stay apart.
    fn whisker(&self, canvas: &mut Canvas, x: f64, estimate: &Estimate, colour: Colour) {
        let (low, high) = (self.y(estimate.low), self.y(estimate.high));
        canvas.faint_line(&[(x, low), (x, high)], colour, 1.4, 0.8);
        for y in [low, high] {
            canvas.faint_line(&[(x - 3.0, y), (x + 3.0, y)], colour, 1.4, 0.8);
        }
    }

    /// The names of all lines.
    fn labels(&self, canvas: &mut Canvas) -> Result<()> {
        let ends = self.lines.series.iter().filter_map(|line| {
            let (_, y) = *self.points(line).last()?;
            Some(Label { sample: Sample::Series(line.index), text: line.label.clone(), y })
        });
        let references = self.lines.references.iter().map(|reference| Label {
            sample: Sample::Dashes(REFERENCE),
            text: reference.label.to_owned(),
            y: self.path(reference).last().map_or(self.bottom, |end| end.1),
        });
        let labels = ends.chain(references).collect();
        if canvas.narrow() {
            canvas.height = below(canvas, labels, canvas.height + 8.0)?;
            return Ok(());
        }
        let columns = (self.right, self.right + LEADER, canvas.width);
        beside(canvas, labels, columns, (self.top, self.bottom))
    }
}
