//! Paired differences as a forest plot: each change with its interval, and the band in which it is too small to matter.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Change, Verdict,
    text::{change, clean, count},
};

use super::{
    canvas::{Canvas, Side},
    chart::{Chart, WIDTH},
    csv::field,
    marker::Marker,
    theme::{BODY, Colour, SMALL},
};
use crate::words::figures::change_interval;

/// The largest number of rows in one chart; of more, the most important ones are drawn.
const MOST_ROWS: usize = 32;
/// The height of a row in logical pixels.
const PITCH: f64 = 34.0;
/// The furthest ends of the axis; an arrow shows that an interval extends beyond.
const ENDS: (f64, f64) = (-0.99, 99.0);
/// Changes that the axis may name, the most important first.
const TICKS: [f64; 25] = [
    0.0, 0.01, -0.01, 0.02, -0.02, 0.05, -0.05, 0.1, -0.1, 0.2, -0.2, 0.5, -0.5, 0.3, -0.3, 1.0, -0.8, 3.0,
    -0.9, 9.0, -0.95, 29.0, -0.98, 99.0, -0.99,
];

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

/// The texts around the rows.
pub(super) struct Frame<'a> {
    pub title: &'a str,
    pub subtitle: String,
    pub caption: Vec<String>,
}

pub(super) fn chart(frame: Frame<'_>, rows: &[Row]) -> Result<Chart> {
    let drawn = chosen(rows);
    let mut canvas = Canvas::new(WIDTH, 232.0 + PITCH * drawn.len().max(2) as f64)?;
    let mut caption = frame.caption;
    if drawn.len() < rows.len() {
        caption.push(format!(
            "{} of {} rows drawn, the most important ones; all are in the CSV",
            drawn.len(),
            count(rows.len() as u64)
        ));
    }
    let inside = canvas.frame(frame.title, &frame.subtitle, &caption)?;
    if drawn.is_empty() {
        canvas.nothing();
    } else {
        draw(&mut canvas, &drawn, inside)?;
    }
    Ok(Chart { name: "pairs", canvas, csv: csv(rows) })
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

/// The place of a change on the axis. Equal factors are equally long, so that doubling and halving are equally far from no
/// change.
fn place(change: f64) -> f64 {
    change.clamp(ENDS.0, ENDS.1).ln_1p()
}

/// The interval's ends on the axis, and whether each extends beyond it.
fn ends(change: &Change) -> [(f64, bool); 2] {
    let high = change.high.filter(|high| high.is_finite());
    [
        (place(change.low), change.low < ENDS.0),
        (place(high.unwrap_or(ENDS.1)), high.is_none_or(|high| high > ENDS.1)),
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

fn draw(canvas: &mut Canvas, rows: &[&Row], (top, bottom): (f64, f64)) -> Result<()> {
    let labels: Vec<String> = rows.iter().map(|row| clean(&row.label)).collect();
    let found: Vec<String> = rows.iter().map(|row| found(row)).collect();
    let room = canvas.widest(labels.iter().map(String::as_str), BODY, 40.0)?.min(canvas.width * 0.34);
    let words = canvas.widest(found.iter().map(String::as_str), SMALL, 40.0)?.min(canvas.width * 0.36);
    let (left, right) = (24.0 + room + 16.0, canvas.width - 24.0 - words - 16.0);
    let (mut low, mut high) = (0.0f64, 0.0f64);
    for row in rows {
        (low, high) = (low.min(place(-row.least)), high.max(place(row.least)));
        for (end, _) in row.change.iter().flat_map(ends) {
            (low, high) = (low.min(end), high.max(end));
        }
    }
    let pad = ((high - low) * 0.06).max(1e-3);
    let (low, high) = (low - pad, high + pad);
    let x = |place: f64| left + (place - low) / (high - low) * (right - left);
    let pitch = ((bottom - 52.0 - top) / rows.len() as f64).min(PITCH);
    let end = top + pitch * rows.len() as f64;
    axis(canvas, (low, high), (top, end), &x)?;
    for (index, row) in rows.iter().enumerate() {
        let y = top + pitch * (index as f64 + 0.5);
        let band = (x(place(-row.least)), x(place(row.least)));
        canvas.rectangle((band.0, y - pitch * 0.42), (band.1, y + pitch * 0.42), Colour::Calm, 0.16);
        canvas.text(
            &canvas.fit(&labels[index], BODY, room)?,
            (left - 16.0, y),
            BODY,
            Colour::Ink,
            Side::Right,
        );
        canvas.text(
            &canvas.fit(&found[index], SMALL, words)?,
            (right + 16.0, y),
            SMALL,
            Colour::Ink,
            Side::Left,
        );
    }
    canvas.line(&[(x(0.0), top), (x(0.0), end)], Colour::Muted, 1.4);
    for (index, row) in rows.iter().enumerate() {
        let y = top + pitch * (index as f64 + 0.5);
        let (marker, colour) = symbol(row);
        let text = format!("{}: {}", labels[index], found[index]);
        let Some(change) = &row.change else {
            // Nothing is known about the change, so nothing is placed on the axis.
            canvas.symbol(marker, colour, (right + 2.0, y), 1.0);
            canvas.mark(((left + right) / 2.0, y), ((right - left) / 2.0, pitch * 0.4), text, row.least);
            continue;
        };
        let [(from, open_below), (to, open_above)] = ends(change);
        whisker(canvas, [(x(from), open_below), (x(to), open_above)], y, colour);
        canvas.symbol(marker, colour, (x(place(change.median)), y), 1.25);
        let half = ((x(to) - x(from)) / 2.0).max(9.0);
        canvas.mark(((x(from) + x(to)) / 2.0, y), (half, pitch * 0.4), text, change.median);
    }
    Ok(())
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

/// Draws as many of [`TICKS`] as have room.
fn axis(
    canvas: &mut Canvas,
    (low, high): (f64, f64),
    (top, end): (f64, f64),
    x: &impl Fn(f64) -> f64,
) -> Result<()> {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for tick in TICKS.into_iter().filter(|tick| (low..=high).contains(&place(*tick))) {
        let text = if tick == 0.0 { "0".to_owned() } else { tick_text(tick) };
        let (at, half) = (x(place(tick)), canvas.text_width(&text, BODY)? / 2.0 + 8.0);
        if taken.iter().all(|(other, reach)| (at - other).abs() >= half + reach) {
            canvas.line(&[(at, top), (at, end)], Colour::Grid, 1.0);
            canvas.text(&text, (at, end + 18.0), BODY, Colour::Ink, Side::Centre);
            taken.push((at, half));
        }
    }
    let middle = (x(low) + x(high)) / 2.0;
    canvas.text("change from the base", (middle, end + 42.0), BODY, Colour::Ink, Side::Centre);
    Ok(())
}

/// `+5%`, `−50%`, `10×`.
fn tick_text(tick: f64) -> String {
    if tick >= 1.0 {
        format!("{:.0}×", tick + 1.0)
    } else {
        format!("{}{:.0}%", if tick < 0.0 { "−" } else { "+" }, tick.abs() * 100.0)
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
