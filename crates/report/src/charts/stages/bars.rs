//! The bars: in one column per stage on a wide chart, below each processor's name on a narrow one.

use anyhow::Result;
use patchmark_results::text::{clean, number};

use super::table::{Row, Table};
use crate::charts::{
    axis::plain,
    canvas::{Canvas, Point, Side},
    theme::{BODY, Colour, SMALL},
};

/// The height of a processor with columns, of a bar in a row of its own, and of a heading.
const TALL: f64 = 48.0;
const THIN: f64 = 26.0;
const HEAD: f64 = 30.0;
/// What the column of whole calls is called.
const WHOLE: &str = "whole call";

pub(super) fn draw(table: &Table, width: f64) -> Result<Canvas> {
    let mut canvas = Canvas::new(width)?;
    if table.rows.is_empty() {
        canvas.nothing("Nothing was measured.");
    } else if table.stages.is_empty() {
        whole_calls(&mut canvas, table)?;
    } else if canvas.narrow() {
        stacked(&mut canvas, table)?;
    } else {
        columns(&mut canvas, table)?;
    }
    Ok(canvas)
}

/// One column per stage and one for the whole call.
fn columns(canvas: &mut Canvas, table: &Table) -> Result<()> {
    let labels = table.rows.iter().map(|row| row.label.as_str());
    let room = canvas.widest(labels, BODY, 40.0)?.min(canvas.width * 0.22);
    let pitch = (canvas.width - room - 14.0) / (table.stages.len() + 1) as f64;
    let left = |column: usize| room + 14.0 + pitch * column as f64;
    let scale = (pitch - 16.0) / table.longest();
    let names = table.stages.iter().map(String::as_str).chain([WHOLE]);
    let bottom = HEAD + TALL * table.rows.len() as f64;
    for (column, name) in names.enumerate() {
        let name = canvas.fit(&clean(name), BODY, pitch - 8.0)?;
        canvas.text(&name, (left(column), 12.0), BODY, Colour::Ink, Side::Left);
        canvas.line(&[(left(column), HEAD), (left(column), bottom)], Colour::Muted, 1.2);
    }
    for (index, row) in table.rows.iter().enumerate() {
        let y = HEAD + TALL * (index as f64 + 0.5);
        let label = canvas.fit(&row.label, BODY, room)?;
        canvas.text(&label, (room, y), BODY, Colour::Ink, Side::Right);
        for (column, ms) in row.stages.iter().enumerate() {
            let at = (left(column), y);
            if *ms > 0.0 {
                bar(canvas, row, &table.stages[column], (at.0, y - 10.0), (*ms, ms * scale));
                let text = format!("{} · {}", fixed(*ms, table), share(row, *ms));
                canvas.text(&text, (at.0 + 5.0, y + 11.0), SMALL, Colour::Ink, Side::Left);
            } else if row.sum() == 0.0 {
                canvas.text("–", (at.0 + 5.0, y), SMALL, Colour::Muted, Side::Left);
            }
        }
        if let Some(ms) = row.whole {
            let at = (left(table.stages.len()), y);
            bar(canvas, row, WHOLE, (at.0, y - 10.0), (ms, ms * scale));
            canvas.text(&fixed(ms, table), (at.0 + 5.0, y + 11.0), SMALL, Colour::Ink, Side::Left);
        }
    }
    canvas.height = bottom + 4.0;
    Ok(())
}

/// Each processor's stages below its name.
fn stacked(canvas: &mut Canvas, table: &Table) -> Result<()> {
    let names = table.stages.iter().map(String::as_str).chain([WHOLE]);
    let room = canvas.widest(names, SMALL, 40.0)?.min(canvas.width * 0.32);
    let words = canvas.text_width("0.0000 ms · 100%", SMALL)?;
    let scale = (canvas.width - room - 10.0 - words - 10.0) / table.longest();
    let mut y = 0.0;
    for row in &table.rows {
        canvas.text(
            &canvas.fit(&row.label, BODY, canvas.width)?,
            (0.0, y + 16.0),
            BODY,
            Colour::Ink,
            Side::Left,
        );
        y += 32.0;
        let stages = table.stages.iter().zip(&row.stages).filter(|(_, ms)| **ms > 0.0);
        let stages = stages.map(|(name, ms)| (name.as_str(), *ms, format!(" · {}", share(row, *ms))));
        let lines: Vec<_> = stages.chain(row.whole.map(|ms| (WHOLE, ms, String::new()))).collect();
        let from = y;
        for (name, ms, share) in lines {
            let middle = y + THIN / 2.0;
            let label = canvas.fit(&clean(name), SMALL, room)?;
            canvas.text(&label, (room, middle), SMALL, Colour::Muted, Side::Right);
            bar(canvas, row, name, (room + 10.0, middle), (ms, ms * scale));
            let text = format!("{} ms{share}", fixed(ms, table));
            let end = room + 10.0 + (ms * scale).max(1.0) + 7.0;
            canvas.text(&text, (end, middle), SMALL, Colour::Ink, Side::Left);
            y += THIN;
        }
        canvas.line(&[(room + 10.0, from), (room + 10.0, y)], Colour::Muted, 1.2);
        y += 8.0;
    }
    canvas.height = y;
    Ok(())
}

/// One bar per processor.
fn whole_calls(canvas: &mut Canvas, table: &Table) -> Result<()> {
    let narrow = canvas.narrow();
    let labels = table.rows.iter().map(|row| row.label.as_str());
    let room = if narrow { 0.0 } else { canvas.widest(labels, BODY, 40.0)?.min(canvas.width * 0.25) + 12.0 };
    let pitch = if narrow { 56.0 } else { 40.0 };
    let words = canvas.text_width("0.0000 ms", SMALL)? + 10.0;
    let scale = (canvas.width - room - words) / table.longest();
    for (index, row) in table.rows.iter().enumerate() {
        let top = pitch * index as f64;
        let y = top + if narrow { 38.0 } else { pitch / 2.0 };
        let (at, side) =
            if narrow { ((0.0, top + 14.0), Side::Left) } else { ((room - 12.0, y), Side::Right) };
        let label = canvas.fit(&row.label, BODY, if narrow { canvas.width } else { room })?;
        canvas.text(&label, at, BODY, Colour::Ink, side);
        let Some(ms) = row.whole else { continue };
        bar(canvas, row, WHOLE, (room, y), (ms, ms * scale));
        let end = room + (ms * scale).max(1.0) + 7.0;
        canvas.text(&format!("{} ms", fixed(ms, table)), (end, y), SMALL, Colour::Ink, Side::Left);
    }
    canvas.height = pitch * table.rows.len() as f64;
    canvas.line(&[(room, 0.0), (room, canvas.height)], Colour::Muted, 1.2);
    Ok(())
}

/// A bar of a stage or of the whole call with its mark; `from` is the middle of its left end.
fn bar(canvas: &mut Canvas, row: &Row, name: &str, from: Point, (ms, length): (f64, f64)) {
    let colour = if name == WHOLE { Colour::Plain } else { Colour::Calm };
    let length = length.max(1.0);
    canvas.rectangle((from.0, from.1 - 8.0), (from.0 + length, from.1 + 8.0), colour, 1.0);
    let text = format!("{}, {}: {} ms per image", row.label, clean(name), number(ms));
    canvas.mark((from.0 + length / 2.0, from.1), ((length / 2.0).max(8.0), 9.0), text, ms);
}

/// A time with as many decimals as all others, so that they can be compared at a glance.
fn fixed(ms: f64, table: &Table) -> String {
    let decimals = (3.0 - table.longest().log10().floor()).clamp(0.0, 6.0) as usize;
    let least = 10f64.powi(-(decimals as i32));
    if ms < least { format!("<{least:.decimals$}") } else { plain(ms, decimals) }
}

/// A stage's share of all stages of its processor.
fn share(row: &Row, ms: f64) -> String {
    let percent = 100.0 * ms / row.sum();
    if percent < 0.5 { "<1%".to_owned() } else { format!("{percent:.0}%") }
}
