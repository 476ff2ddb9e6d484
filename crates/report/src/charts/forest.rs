//! Paired differences as a forest plot: each change with its interval, and the band in which it is too small to matter.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Change, Verdict,
    text::{change, clean, count},
};

use super::{
    axis::Axis,
    canvas::{Canvas, Side},
    chart::Chart,
    csv::field,
    frame::Frame,
    marker::Marker,
    theme::{BODY, Colour, SMALL},
};
use crate::words::figures::change_interval;

/// The largest number of rows in one chart; of more, the most important ones are drawn.
const MOST_ROWS: usize = 32;
/// The furthest ends of the axis; an arrow shows that an interval extends beyond.
const ENDS: (f64, f64) = (-0.99, 99.0);
/// Changes within these are drawn in equal steps; beyond, factors are, so that a tenth and ten times are equally far from
/// no change.
const STEPS: (f64, f64) = (-0.65, 2.0);

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// What was compared.
    pub label: String,
    /// Candidate ÷ base − 1; none if nothing could be judged.
    pub change: Option<Change>,
    /// The minimum effect: half of the band's width.
    pub least: f64,
    /// The verdict on it.
    pub verdict: Verdict,
    /// The word for it: the verdict's, or the finding's.
    pub word: String,
    /// Whether something other than the change is wrong, such as outputs that differ.
    pub wrong: bool,
}

/// The chart of `rows`; `measured` is what all changes are of, if they are of the same figure.
pub(super) fn chart(mut frame: Frame, measured: Option<&str>, rows: &[Row]) -> Result<Chart> {
    let drawn = chosen(rows);
    if drawn.len() < rows.len() {
        frame.caption.push(format!(
            "{} of {} rows drawn, the most important ones; all are in the CSV",
            drawn.len(),
            count(rows.len() as u64)
        ));
    }
    Chart::new("pairs", frame, csv(rows), |width| {
        let mut canvas = Canvas::new(width)?;
        if drawn.is_empty() {
            canvas.nothing("Nothing was measured.");
        } else {
            draw(&mut canvas, measured, &drawn)?;
        }
        Ok(canvas)
    })
}

/// The rows that are drawn, in their original order.
fn chosen(rows: &[Row]) -> Vec<&Row> {
    let mut ranked: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    ranked.sort_by_key(|(_, row)| match (row.wrong, row.verdict) {
        (true, _) => 0,
        (_, Verdict::Regressed) => 1,
        (_, Verdict::Inconclusive) => 2,
        (_, Verdict::Improved) => 3,
        (_, Verdict::NotSlower) => 4,
        (_, Verdict::Equivalent) => 5,
    });
    ranked.truncate(MOST_ROWS);
    ranked.sort_by_key(|(place, _)| *place);
    ranked.into_iter().map(|(_, row)| row).collect()
}

/// The axis of changes, and whether it has factors rather than steps.
struct Scale {
    axis: Axis,
    left: f64,
    right: f64,
}

impl Scale {
    fn new(rows: &[&Row], (left, right): (f64, f64)) -> Self {
        let (mut low, mut high) = (0.0f64, 0.0f64);
        for row in rows {
            let ends = row.change.iter().flat_map(|change| ends(change).map(|(end, _)| end));
            for end in ends.chain([-row.least, row.least]).filter(|end| end.is_finite()) {
                (low, high) = (low.min(end.max(ENDS.0)), high.max(end.min(ENDS.1)));
            }
        }
        // A tick needs about a hundred pixels.
        let most = ((right - left) / 80.0).clamp(3.0, 9.0) as usize;
        let mut axis = if low >= STEPS.0 && high <= STEPS.1 {
            let pad = ((high - low) * 0.03).max(1e-3);
            Axis::linear((low - pad) * 100.0, (high + pad) * 100.0, most - 1)
        } else {
            Axis::log(1.0 + low, 1.0 + high, most)
        };
        let factors = axis.is_log();
        for (value, text) in &mut axis.ticks {
            let sign = if *value > 0.0 && !factors { "+" } else { "" };
            *text = format!("{sign}{text}{}", if factors { "×" } else { "%" });
        }
        Self { axis, left, right }
    }

    fn x(&self, change: f64) -> f64 {
        let change = if change.is_finite() { change.clamp(ENDS.0, ENDS.1) } else { 0.0 };
        let value = if self.axis.is_log() { 1.0 + change } else { change * 100.0 };
        self.left + self.axis.share(value) * (self.right - self.left)
    }

    /// Draws a line at each tick and at no change.
    fn ticks(&self, canvas: &mut Canvas, (top, end): (f64, f64)) {
        for (value, _) in &self.axis.ticks {
            let x = self.left + self.axis.share(*value) * (self.right - self.left);
            canvas.line(&[(x, top), (x, end)], Colour::Grid, 1.0);
        }
        canvas.line(&[(self.x(0.0), top), (self.x(0.0), end)], Colour::Muted, 1.4);
    }

    /// Draws the ticks' texts and the axis's name below `end`.
    fn draw(&self, canvas: &mut Canvas, measured: Option<&str>, end: f64) -> Result<()> {
        for (value, text) in &self.axis.ticks {
            let x = self.left + self.axis.share(*value) * (self.right - self.left);
            let half = canvas.text_width(text, BODY)? / 2.0;
            let at = x.clamp(half, (canvas.width - half).max(half));
            canvas.text(text, (at, end + 18.0), BODY, Colour::Ink, Side::Centre);
        }
        let of = measured.map_or_else(String::new, |figure| format!(" in {}", clean(figure)));
        let name = match self.axis.is_log() {
            false => format!("change{of} from base to candidate"),
            true => format!("candidate ÷ base{}, log scale", of.replacen(" in ", ": ", 1)),
        };
        let name = canvas.fit(&name, BODY, canvas.width)?;
        let half = canvas.text_width(&name, BODY)? / 2.0;
        let middle = ((self.left + self.right) / 2.0).clamp(half, (canvas.width - half).max(half));
        canvas.text(&name, (middle, end + 44.0), BODY, Colour::Ink, Side::Centre);
        Ok(())
    }
}

/// The interval's ends, and whether each extends beyond the axis.
fn ends(change: &Change) -> [(f64, bool); 2] {
    let high = change.high.filter(|high| high.is_finite());
    [
        (change.low.max(ENDS.0), change.low < ENDS.0),
        (high.unwrap_or(ENDS.1).min(ENDS.1), high.is_none_or(|high| high > ENDS.1)),
    ]
}

/// An interval as a line with a tip at each end: a bar, or an arrow where the interval goes on.
fn whisker(canvas: &mut Canvas, [low, high]: [(f64, bool); 2], y: f64, colour: Colour) {
    canvas.line(&[(low.0, y), (high.0, y)], colour, 2.4);
    for ((at, open), way) in [(low, -1.0), (high, 1.0)] {
        let tip = if open {
            vec![(at - 7.0 * way, y - 5.0), (at, y), (at - 7.0 * way, y + 5.0)]
        } else {
            vec![(at, y - 5.0), (at, y + 5.0)]
        };
        canvas.line(&tip, colour, 2.0);
    }
}

fn draw(canvas: &mut Canvas, measured: Option<&str>, rows: &[&Row]) -> Result<()> {
    let labels: Vec<String> = rows.iter().map(|row| clean(&row.label)).collect();
    let found: Vec<String> = rows.iter().map(|row| found(row)).collect();
    let (width, narrow) = (canvas.width, canvas.narrow());
    let room = canvas.widest(labels.iter().map(String::as_str), BODY, 40.0)?.min(width * 0.38);
    let words = canvas.widest(found.iter().map(String::as_str), SMALL, 40.0)?.min(width * 0.36);
    // The names and the words stand beside the rows, or above them.
    let (span, pitch, above) =
        if narrow { ((0.0, width), 84.0, 50.0) } else { ((room + 16.0, width - words - 16.0), 34.0, 0.0) };
    let scale = Scale::new(rows, span);
    let end = pitch * rows.len() as f64;
    let middle = |index: usize| pitch * index as f64 + above + (pitch - above) / 2.0;
    if !narrow {
        scale.ticks(canvas, (0.0, end));
    }
    for (index, row) in rows.iter().enumerate() {
        let (y, half) = (middle(index), (pitch - above) * 0.42);
        if narrow {
            // The lines of the ticks must not run through the words.
            scale.ticks(canvas, (y - half, y + half));
        }
        canvas.rectangle((scale.x(-row.least), y - half), (scale.x(row.least), y + half), Colour::Calm, 0.16);
    }
    scale.draw(canvas, measured, end)?;
    for (index, row) in rows.iter().enumerate() {
        let y = middle(index);
        let (label, words_at) = (&labels[index], &found[index]);
        let from = pitch * index as f64;
        let places = if narrow {
            [((0.0, from + 14.0), Side::Left, width), ((0.0, from + 37.0), Side::Left, width)]
        } else {
            [((span.0 - 16.0, y), Side::Right, room), ((span.1 + 16.0, y), Side::Left, words)]
        };
        for (text, (at, side, room), size) in [(label, places[0], BODY), (words_at, places[1], SMALL)] {
            canvas.text(&canvas.fit(text, size, room)?, at, size, Colour::Ink, side);
        }
        mark(canvas, row, &scale, (y, (pitch - above) * 0.4), format!("{label}: {words_at}"));
    }
    canvas.height = end + 56.0;
    Ok(())
}

/// Draws a row's interval with its symbol at `y`, and adds its mark.
fn mark(canvas: &mut Canvas, row: &Row, scale: &Scale, (y, half): (f64, f64), text: String) {
    let (marker, colour) = symbol(row);
    let Some(change) = &row.change else {
        // Nothing is known about the change, so nothing is placed on the axis.
        canvas.symbol(marker, colour, (scale.right - 8.0, y), 1.0);
        let middle = (scale.left + scale.right) / 2.0;
        canvas.mark((middle, y), ((scale.right - scale.left) / 2.0, half), text, row.least);
        return;
    };
    let [(low, open_below), (high, open_above)] = ends(change);
    let (from, to) = (scale.x(low), scale.x(high));
    whisker(canvas, [(from, open_below), (to, open_above)], y, colour);
    canvas.symbol(marker, colour, (scale.x(change.median), y), 1.25);
    canvas.mark(((from + to) / 2.0, y), (((to - from) / 2.0).max(9.0), half), text, change.median);
}

/// The change and the word for it.
fn found(row: &Row) -> String {
    let changed = row.change.as_ref().map(|c| format!("{} {} ", change(c.median), change_interval(c)));
    changed.unwrap_or_default() + &clean(&row.word)
}

/// The verdict's shape and colour, each of which is enough to recognise it.
fn symbol(row: &Row) -> (Marker, Colour) {
    match (row.wrong, row.verdict) {
        (true, _) => (Marker::Cross, Colour::Bad),
        (_, Verdict::Regressed) => (Marker::Up, Colour::Bad),
        (_, Verdict::Improved) => (Marker::Down, Colour::Good),
        (_, Verdict::NotSlower) => (Marker::HollowDown, Colour::Good),
        (_, Verdict::Equivalent) => (Marker::Disc, Colour::Calm),
        (_, Verdict::Inconclusive) => (Marker::Ring, Colour::Unsure),
    }
}

/// Every difference as CSV with a header; changes are candidate ÷ base − 1.
fn csv(rows: &[Row]) -> String {
    let mut out = "row,change,low,high,least,verdict\n".to_owned();
    for row in rows {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let change = row.change.as_ref();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{},{},{},{},{},{}",
            field(&row.label),
            number(change.map(|change| change.median)),
            number(change.map(|change| change.low)),
            number(change.and_then(|change| change.high)),
            row.least,
            field(&row.word)
        );
    }
    out
}

#[cfg(test)]
#[path = "forest_tests.rs"]
mod tests;
