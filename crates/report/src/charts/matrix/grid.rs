//! The cells of the matrix, block by block.

use anyhow::Result;
use patchmark_results::text::clean;

use super::{block::Block, cell::Tone};
use crate::charts::{
    canvas::{Canvas, Point, Side},
    theme::{BODY, Colour, SMALL},
};

/// Smallest and largest width of a column: the longest word must fit, if need be smaller, and columns should stay close together.
const COLUMN: (f64, f64) = (46.0, 110.0);
/// The largest number of releases side by side on a narrow chart; more are drawn below.
const BESIDE: usize = 7;
/// Height of a row of cells, of a row's name above them, of a heading within a block, and of the block's own heading with
/// the versions.
const ROW: f64 = 28.0;
const NAME: f64 = 24.0;
const SECTION: f64 = 34.0;
const HEAD: f64 = 50.0;

pub(super) fn draw(blocks: &[Block<'_>], width: f64) -> Result<Canvas> {
    let mut canvas = Canvas::new(width)?;
    let releases = blocks.iter().map(|block| block.versions.len()).max().unwrap_or(0);
    if releases == 0 {
        canvas.nothing("No release was examined.");
        return Ok(canvas);
    }
    let mut y = 0.0;
    for block in blocks {
        let beside = if canvas.narrow() { BESIDE } else { releases };
        for first in (0..releases).step_by(beside) {
            y = draw_block(&mut canvas, block, (first, releases.min(first + beside)), y)?;
        }
    }
    canvas.height = draw_legend(&mut canvas, y + 34.0)?;
    Ok(canvas)
}

/// Draws the releases from `first` to before `last` of a block; returns where it ends.
fn draw_block(
    canvas: &mut Canvas,
    block: &Block<'_>,
    (first, last): (usize, usize),
    top: f64,
) -> Result<f64> {
    let narrow = canvas.narrow();
    let labels = block.lines().map(|line| line.label.as_str());
    let labels = canvas.widest(labels, BODY, 110.0)?.min(220.0);
    let left = if narrow { 0.0 } else { labels + 12.0 };
    let pitch = ((canvas.width - left) / (last - first) as f64).clamp(COLUMN.0, COLUMN.1);
    let x = |index: usize| left + pitch * ((index - first) as f64 + 0.5);
    let title = format!("{} class", block.title);
    canvas.text(&title, (0.0, top + 20.0), BODY, Colour::Ink, Side::Left);
    let heads = top + if narrow { 46.0 } else { 20.0 };
    for (index, version) in block.versions.iter().enumerate().take(last).skip(first) {
        let version = canvas.fit(&clean(version), SMALL, pitch - 4.0)?;
        canvas.text(&version, (x(index), heads), SMALL, Colour::Ink, Side::Centre);
    }
    let end = left + pitch * (last - first) as f64;
    let mut y = heads + HEAD - 36.0;
    canvas.line(&[(0.0, y), (end, y)], Colour::Muted, 1.2);
    for (heading, lines) in block.sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        canvas.text(heading, (0.0, y + SECTION * 0.6), SMALL, Colour::Muted, Side::Left);
        y += SECTION;
        for line in lines {
            let middle = if narrow { y + NAME / 2.0 } else { y + ROW / 2.0 };
            let label = canvas.fit(&line.label, BODY, if narrow { canvas.width } else { labels })?;
            canvas.text(&label, (0.0, middle), BODY, Colour::Ink, Side::Left);
            y += if narrow { NAME } else { 0.0 };
            for (index, (cell, version)) in line.cells.iter().zip(&block.versions).enumerate() {
                if !(first..last).contains(&index) {
                    continue;
                }
                let (centre, half) = ((x(index), y + ROW / 2.0), (pitch / 2.0 - 1.5, ROW / 2.0 - 1.5));
                draw_cell(canvas, cell.tone, &cell.word, centre, half)?;
                let (label, version) = (&line.label, clean(version));
                let text = format!("{} class of {version}, {label}: {}", block.title, cell.text);
                canvas.mark(centre, half, text, cell.levels);
            }
            y += ROW + if narrow { 4.0 } else { 0.0 };
        }
    }
    Ok(y + 18.0)
}

fn draw_cell(canvas: &mut Canvas, tone: Tone, word: &str, centre: Point, half: Point) -> Result<()> {
    let (fill, opacity, ink) = tone.colours();
    let (from, to) = ((centre.0 - half.0, centre.1 - half.1), (centre.0 + half.0, centre.1 + half.1));
    canvas.rectangle(from, to, fill, opacity);
    if tone == Tone::Far {
        // A cut corner, so that it can be recognised without its colour.
        let corner = [(to.0 - 9.0, from.1), (to.0, from.1), (to.0, from.1 + 9.0)];
        canvas.area(&corner, Colour::Paper, 1.0);
    }
    // A word is made smaller rather than cut.
    let room = 2.0 * half.0 - 4.0;
    let size = SMALL * (room / canvas.text_width(word, SMALL)?.max(1.0)).clamp(0.68, 1.0);
    let word = canvas.fit(word, size, room)?;
    canvas.text(&word, centre, size, ink, Side::Centre);
    Ok(())
}

/// Draws example cells with their meanings, on as many lines as they need; returns where they end.
fn draw_legend(canvas: &mut Canvas, mut y: f64) -> Result<f64> {
    let mut x = 0.0;
    for (tone, word) in [
        (Tone::Same, "="),
        (Tone::Near, "1"),
        (Tone::Far, "254"),
        (Tone::Other, "raises"),
        (Tone::Unknown, "–"),
    ] {
        let meaning = tone.word();
        let half = (canvas.text_width(word, SMALL)? / 2.0 + 8.0).max(16.0);
        let width = 2.0 * half + 8.0 + canvas.text_width(meaning, SMALL)?;
        if x > 0.0 && x + width > canvas.width {
            (x, y) = (0.0, y + ROW + 4.0);
        }
        draw_cell(canvas, tone, word, (x + half, y), (half, ROW / 2.0 - 1.5))?;
        canvas.text(meaning, (x + 2.0 * half + 8.0, y), SMALL, Colour::Ink, Side::Left);
        x += width + 20.0;
    }
    Ok(y + ROW / 2.0)
}
