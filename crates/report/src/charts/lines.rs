//! Lines over batch sizes, shared by the charts of the ratio and the throughput.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::Result;
use patchmark_results::{Estimate, ProcessorRow, Run};

use super::{
    canvas::{Canvas, Point, Side},
    csv::field,
    rows::{batches, subjects},
    theme::{BODY, Colour, SMALL},
};
use crate::words::figures::interval;

/// The distance from the plot's right edge to a line's label, for the connecting line and the marker.
const LABEL_INDENT: f64 = 46.0;

/// One processor's line.
pub(super) struct Series {
    pub index: usize,
    pub label: String,
    /// Batch size and value, sorted by batch size.
    pub points: Vec<(usize, Estimate)>,
}

/// The processors' lines, and the labels of those with no value at any batch size.
pub(super) fn series(
    run: &Run,
    value: impl Fn(&ProcessorRow) -> Option<Estimate>,
) -> (Vec<Series>, Vec<String>) {
    let (mut drawn, mut left_out) = (Vec::new(), Vec::new());
    for (index, subject) in subjects(run).0.into_iter().enumerate() {
        let mut points = Vec::new();
        for batch in batches(run).0 {
            if let Some(estimate) = subject.row(batch).and_then(&value).filter(Estimate::is_usable) {
                points.push((batch.batch_size.max(1), sound(estimate)));
            }
        }
        let label = subject.label;
        if points.is_empty() { left_out.push(label) } else { drawn.push(Series { index, label, points }) }
    }
    (drawn, left_out)
}

/// An interval that contains its median and can be drawn on a logarithmic axis.
pub(super) fn sound(estimate: Estimate) -> Estimate {
    let median = estimate.median;
    let keep = |end: f64| if end.is_finite() && end > 0.0 { end } else { median };
    Estimate { median, low: keep(estimate.low).min(median), high: keep(estimate.high).max(median) }
}

/// A vertical axis: how values are placed on it, the ends of the range so placed, and the labelled ticks.
pub(super) struct Axis {
    pub place: fn(f64) -> f64,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<(f64, String)>,
}

/// Where the lines are drawn, in logical pixels.
pub(super) struct Plot {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    axis: Axis,
    sizes: Vec<usize>,
}

impl Plot {
    /// Draws the axes between `top` and `bottom`. The right margin is as wide as the longest label needs.
    pub fn new(
        canvas: &mut Canvas,
        run: &Run,
        labels: &[&str],
        axis: Axis,
        (top, bottom): (f64, f64),
    ) -> Result<Self> {
        let sizes = batches(run).0.iter().map(|batch| batch.batch_size.max(1)).collect();
        let widest = canvas.widest(labels.iter().copied(), BODY, 60.0)?;
        let ticks = canvas.widest(axis.ticks.iter().map(|(_, text)| text.as_str()), BODY, 0.0)?;
        let right = canvas.width - 24.0 - LABEL_INDENT - widest.min(canvas.width * 0.3);
        let plot =
            Self { left: 24.0 + ticks + 10.0, right, top: top + 12.0, bottom: bottom - 52.0, axis, sizes };
        plot.axes(canvas)?;
        Ok(plot)
    }

    /// The place of a batch size on a log₂ axis, with a quarter of a doubling of room at both ends.
    pub fn x(&self, size: usize) -> f64 {
        let log = |size: usize| (size as f64).log2();
        let low = self.sizes.first().map_or(0.0, |size| log(*size)) - 0.25;
        let high = self.sizes.last().map_or(0.0, |size| log(*size)) + 0.25;
        self.left + (log(size) - low) / (high - low) * (self.right - self.left)
    }

    /// The place of a value on the vertical axis.
    pub fn y(&self, value: f64) -> f64 {
        let share = ((self.axis.place)(value) - self.axis.low) / (self.axis.high - self.axis.low).max(1e-9);
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }

    fn axes(&self, canvas: &mut Canvas) -> Result<()> {
        for (value, text) in &self.axis.ticks {
            let y = self.y(*value);
            canvas.line(&[(self.left, y), (self.right, y)], Colour::Grid, 1.0);
            canvas.text(text, (self.left - 10.0, y), BODY, Colour::Ink, Side::Right);
        }
        canvas.line(&[(self.left, self.bottom), (self.right, self.bottom)], Colour::Muted, 1.4);
        // From the right, because the largest batch matters most; labels that would touch are left out.
        let mut free = f64::INFINITY;
        for size in self.sizes.iter().rev() {
            let (x, text) = (self.x(*size), size.to_string());
            canvas.line(&[(x, self.bottom), (x, self.bottom + 5.0)], Colour::Muted, 1.4);
            let half = canvas.text_width(&text, BODY)? / 2.0;
            if x + half + 6.0 <= free {
                canvas.text(&text, (x, self.bottom + 18.0), BODY, Colour::Ink, Side::Centre);
                free = x - half;
            }
        }
        let middle = ((self.left + self.right) / 2.0, self.bottom + 42.0);
        canvas.text("batch size (images)", middle, BODY, Colour::Ink, Side::Centre);
        Ok(())
    }

    fn points(&self, line: &Series) -> Vec<Point> {
        line.points.iter().map(|(size, e)| (self.x(*size), self.y(e.median))).collect()
    }

    /// Draws the bands, the lines and their labels; `unit` follows the value in the text of a mark.
    pub fn lines(&self, canvas: &mut Canvas, series: &[Series], unit: &str) -> Result<()> {
        if series.is_empty() {
            canvas.nothing();
            return Ok(());
        }
        series.iter().for_each(|line| self.band(canvas, line));
        for line in series {
            let points = self.points(line);
            if points.len() > 1 {
                canvas.line(&points, Colour::Series(line.index), 2.4);
            }
            for (point, (size, estimate)) in points.iter().zip(&line.points) {
                canvas.marker(line.index, *point);
                let text = format!("{}, batch {size}: {}{unit}", line.label, interval(estimate));
                canvas.mark(*point, (9.0, 9.0), text, estimate.median);
            }
        }
        self.labels(canvas, series)
    }

    fn band(&self, canvas: &mut Canvas, line: &Series) {
        let highs = line.points.iter().map(|(size, e)| (self.x(*size), self.y(e.high)));
        let lows = line.points.iter().rev().map(|(size, e)| (self.x(*size), self.y(e.low)));
        let outline: Vec<_> = highs.chain(lows).collect();
        if line.points.len() > 1 {
            canvas.area(&outline, Colour::Series(line.index), 0.16);
        } else {
            // One point has no band, so its interval is a bar.
            canvas.faint_line(&outline, Colour::Series(line.index), 3.0, 0.5);
        }
    }

    /// Draws the label of each line, moved apart from the others and connected to the line's end.
    fn labels(&self, canvas: &mut Canvas, series: &[Series]) -> Result<()> {
        let mut ends: Vec<_> =
            series.iter().filter_map(|line| Some((line, *self.points(line).last()?))).collect();
        ends.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
        let wanted: Vec<f64> = ends.iter().map(|end| end.1.1).collect();
        let placed = spread(&wanted, 22.0, self.top, self.bottom - 8.0);
        let room = canvas.width - 24.0 - self.right - LABEL_INDENT;
        for ((line, (x, y)), label_y) in ends.into_iter().zip(placed) {
            let from = self.right + 30.0;
            canvas.faint_line(&[(x + 8.0, y), (from - 5.0, label_y)], Colour::Series(line.index), 1.0, 0.45);
            // The text is dark, because the palette's light colours are hard to read; the marker has the colour.
            canvas.marker(line.index, (from + 4.0, label_y));
            let text = canvas.fit(&line.label, BODY, room)?;
            canvas.text(&text, (from + 14.0, label_y), BODY, Colour::Ink, Side::Left);
        }
        Ok(())
    }

    /// Draws a dashed line across the plot, labelled where the data leaves room.
    pub fn reference(&self, canvas: &mut Canvas, series: &[Series], value: f64, text: &str) -> Result<()> {
        let y = self.y(value);
        canvas.dashes((self.left, y), (self.right, y), Colour::Muted);
        let width = canvas.text_width(text, SMALL)?;
        let span = (self.right - self.left - width - 8.0).max(0.0);
        let mut best = (usize::MAX, self.left + 6.0, y - 11.0);
        for side in [-11.0, 12.0] {
            for step in 0..=8 {
                let left = self.left + 6.0 + span * f64::from(step) / 8.0;
                let crossed = self.crossed(series, (left, y + side - 10.0), (left + width, y + side + 10.0));
                let inside = y + side > self.top - 12.0 && y + side < self.bottom - 8.0;
                if inside && crossed < best.0 {
                    best = (crossed, left, y + side);
                }
            }
        }
        canvas.text(text, (best.1, best.2), SMALL, Colour::Muted, Side::Left);
        Ok(())
    }

    /// How much of the lines passes through a box, as a number of points on them.
    fn crossed(&self, series: &[Series], from: Point, to: Point) -> usize {
        let mut inside = 0;
        for line in series {
            let points = self.points(line);
            let next = points.iter().skip(1).chain(points.last());
            for (a, b) in points.iter().zip(next) {
                for step in 0..=32 {
                    let share = f64::from(step) / 32.0;
                    let (x, y) = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
                    inside += usize::from(x > from.0 - 8.0 && x < to.0 + 8.0 && y > from.1 && y < to.1);
                }
            }
        }
        inside
    }
}

/// Moves sorted positions apart by `gap`, within `low..=high` if they fit, each close to where it was.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let gap = gap.min((high - low) / wanted.len().max(2).saturating_sub(1) as f64);
    // Groups that touch share their mean offset, as in isotonic regression.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for (index, position) in wanted.iter().enumerate() {
        groups.push((position - gap * index as f64, 1));
        while let [.., (a, n), (b, m)] = groups[..] {
            if a <= b {
                break;
            }
            groups.truncate(groups.len() - 2);
            groups.push(((a * n as f64 + b * m as f64) / (n + m) as f64, n + m));
        }
    }
    let last = gap * wanted.len().saturating_sub(1) as f64;
    let ceiling = (high - last).max(low);
    let offsets = groups.iter().flat_map(|(offset, n)| std::iter::repeat_n(offset.clamp(low, ceiling), *n));
    offsets.enumerate().map(|(index, offset)| offset + gap * index as f64).collect()
}

/// The values of a row by forward.
type ByForward = fn(&ProcessorRow) -> &BTreeMap<String, Estimate>;

/// Every value of a chart, for every forward, as CSV.
pub(super) fn csv(run: &Run, kinds: &[(&str, ByForward)]) -> String {
    let mut out = "batch_size,processor,feed,forward,figure,median,low,high\n".to_owned();
    for batch in &run.batches {
        for row in &batch.processors {
            for (kind, values) in kinds {
                for (forward, estimate) in values(row).iter().filter(|(_, estimate)| estimate.is_usable()) {
                    let Estimate { median, low, high } = estimate;
                    let (processor, feed, forward) = (field(&row.name), field(&row.feed), field(forward));
                    let size = batch.batch_size;
                    // Writing to a String cannot fail.
                    let _ = writeln!(out, "{size},{processor},{feed},{forward},{kind},{median},{low},{high}");
                }
            }
        }
    }
    out
}
