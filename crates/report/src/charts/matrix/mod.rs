//! Releases of transformers compared with the reference, as one grid of answers per class.

mod cell;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt::Write};

use anyhow::Result;
use cell::{Cell, Tone};
use patchmark_results::{
    Releases,
    releases::{Backend, failing, given},
    text::{clean, count},
};

use super::{
    canvas::{Canvas, Side},
    chart::{HEIGHT, WIDTH},
    csv::field,
    theme::{BODY, Colour, SMALL},
};

/// The largest number of releases that are drawn; of more, the latest.
const MOST_RELEASES: usize = 14;
/// The largest number of questions, and of checks, that are drawn per block.
const MOST_ROWS: usize = 24;
/// Smallest and largest width of a column: the longest word must fit, and columns should stay close together.
const COLUMN: (f64, f64) = (66.0, 110.0);
/// Height of a row of cells, of a heading within a block, and of the block's own heading with the versions.
const ROW: f64 = 28.0;
const SECTION: f64 = 34.0;
const HEAD: f64 = 62.0;

/// A row of a block: what it is about, and one cell per release.
struct Line {
    label: String,
    cells: Vec<Cell>,
}

/// One class in all releases.
struct Block<'a> {
    title: &'static str,
    versions: Vec<&'a str>,
    /// A heading and its rows.
    sections: Vec<(&'static str, Vec<Line>)>,
}

impl Block<'_> {
    fn height(&self) -> f64 {
        let sections = self.sections.iter().filter(|(_, lines)| !lines.is_empty());
        HEAD + sections.map(|(_, lines)| SECTION + ROW * lines.len() as f64).sum::<f64>()
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.sections.iter().flat_map(|(_, lines)| lines)
    }
}

/// The blocks, with all rows and releases.
fn blocks(matrix: &Releases) -> Vec<Block<'_>> {
    matrix.classes().into_iter().map(|(title, backends)| block(title, &backends)).collect()
}

fn block<'a>(title: &'static str, backends: &[(&'a str, &Backend)]) -> Block<'a> {
    let line = |label: &str, cell: &dyn Fn(usize) -> Cell| Line {
        label: clean(label),
        cells: (0..backends.len()).map(cell).collect(),
    };
    // By name, because a document from elsewhere may hold thousands.
    let probes = backends.iter().map(|(_, backend)| by_name(&backend.probes, |probe| &probe.given));
    let failed = backends.iter().map(|(_, backend)| by_name(&backend.failed, |failed| &failed.check));
    let (probes, failed): (Vec<_>, Vec<_>) = (probes.collect(), failed.collect());
    let asked = |given: &str| line(given, &|of| Cell::probe(probes[of].get(given).copied()));
    let checked = |check: &str| line(check, &|of| Cell::check(failed[of].get(check).copied()));
    let sections = vec![
        ("over the corpus", vec![line("parity", &|of| Cell::parity(backends[of].1))]),
        ("single calls", given(backends).into_iter().map(asked).collect()),
        ("checks that failed in some release", failing(backends).into_iter().map(checked).collect()),
    ];
    Block { title, versions: backends.iter().map(|(version, _)| *version).collect(), sections }
}

/// Each by its name; of several with the same name, the first.
fn by_name<T>(all: &[T], name: fn(&T) -> &String) -> HashMap<&str, &T> {
    all.iter().rev().map(|one| (name(one).as_str(), one)).collect()
}

pub(super) fn draw(matrix: &Releases) -> Result<Canvas> {
    let mut blocks = blocks(matrix);
    let mut remarks = Vec::new();
    let releases = matrix.releases.len();
    if releases > MOST_RELEASES {
        remarks.push(format!("the latest {MOST_RELEASES} of {} releases drawn", count(releases as u64)));
    }
    let first = releases.saturating_sub(MOST_RELEASES);
    let rows: usize = blocks.iter().map(|block| block.lines().count()).sum();
    for block in &mut blocks {
        block.versions.drain(..first);
        for (_, lines) in &mut block.sections {
            lines.truncate(MOST_ROWS);
            lines.iter_mut().for_each(|line| drop(line.cells.drain(..first)));
        }
    }
    let drawn: usize = blocks.iter().map(|block| block.lines().count()).sum();
    if drawn < rows {
        remarks.push(format!("{drawn} of {} rows drawn", count(rows as u64)));
    }
    if !remarks.is_empty() {
        remarks.push("all cells are in the CSV".to_owned());
    }
    let title = "Releases of transformers compared with the reference";
    let subtitle = format!("reference: {}", clean(&matrix.reference));
    let caption = caption(matrix, remarks);
    let measure = Canvas::new(WIDTH, HEIGHT)?;
    let labels = blocks.iter().flat_map(Block::lines).map(|line| line.label.as_str());
    let labels = measure.widest(labels, BODY, 80.0)?.min(220.0);
    let columns = releases.clamp(1, MOST_RELEASES) as f64;
    let pitch = ((WIDTH - 48.0 - labels - 12.0) / columns).clamp(COLUMN.0, COLUMN.1);
    let width = (48.0 + labels + 12.0 + pitch * columns).max(WIDTH).ceil();
    let (top, bottom) = Canvas::new(width, HEIGHT)?.frame(title, &subtitle, &caption)?;
    let legend = if releases == 0 { 40.0 } else { 78.0 };
    let room = if releases == 0 { 0.0 } else { blocks.iter().map(Block::height).sum() };
    let mut canvas = Canvas::new(width, (top + room + legend + HEIGHT - bottom).ceil())?;
    canvas.frame(title, &subtitle, &caption)?;
    if releases == 0 {
        let middle = (canvas.width / 2.0, top + legend / 2.0);
        canvas.text("No release was examined.", middle, BODY, Colour::Muted, Side::Centre);
        return Ok(canvas);
    }
    let mut y = top;
    for block in &blocks {
        y = draw_block(&mut canvas, block, y, labels, pitch)?;
    }
    draw_legend(&mut canvas, y + 34.0)?;
    Ok(canvas)
}

fn caption(matrix: &Releases, remarks: Vec<String>) -> Vec<String> {
    let packages = matrix.environment.iter();
    let mut packages: Vec<String> =
        packages.map(|(package, version)| clean(&format!("{package} {version}"))).collect();
    packages.push(format!("vector level {}", clean(&matrix.cpu_capability)));
    packages.push(format!("commit {}", clean(&matrix.commit)));
    let mut lines = vec![
        packages.join(" · "),
        "a number is the largest difference in uint8 levels · ≈: floating-point rounding only · \
         broken: a broken contract"
            .to_owned(),
    ];
    if !remarks.is_empty() {
        lines.push(remarks.join(" · "));
    }
    lines
}

/// Draws a block; returns where it ends.
fn draw_block(canvas: &mut Canvas, block: &Block<'_>, top: f64, labels: f64, pitch: f64) -> Result<f64> {
    let left = 24.0 + labels + 12.0;
    let title = format!("{} class", block.title);
    canvas.text(&title, (24.0, top + 44.0), BODY, Colour::Ink, Side::Left);
    for (index, version) in block.versions.iter().enumerate() {
        let version = canvas.fit(&clean(version), SMALL, pitch - 6.0)?;
        let at = (left + pitch * (index as f64 + 0.5), top + 44.0);
        canvas.text(&version, at, SMALL, Colour::Ink, Side::Centre);
    }
    let end = left + pitch * block.versions.len() as f64;
    canvas.line(&[(24.0, top + 58.0), (end, top + 58.0)], Colour::Muted, 1.2);
    let mut y = top + HEAD;
    for (heading, lines) in block.sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        canvas.text(heading, (24.0, y + SECTION * 0.6), SMALL, Colour::Muted, Side::Left);
        y += SECTION;
        for line in lines {
            let label = canvas.fit(&line.label, BODY, labels)?;
            canvas.text(&label, (24.0, y + ROW / 2.0), BODY, Colour::Ink, Side::Left);
            for (index, (cell, version)) in line.cells.iter().zip(&block.versions).enumerate() {
                let centre = (left + pitch * (index as f64 + 0.5), y + ROW / 2.0);
                let half = (pitch / 2.0 - 1.5, ROW / 2.0 - 1.5);
                draw_cell(canvas, cell.tone, &cell.word, centre, half)?;
                let (label, version) = (&line.label, clean(version));
                let text = format!("{} class of {version}, {label}: {}", block.title, cell.text);
                canvas.mark(centre, half, text, cell.levels);
            }
            y += ROW;
        }
    }
    Ok(y)
}

fn draw_cell(
    canvas: &mut Canvas,
    tone: Tone,
    word: &str,
    centre: (f64, f64),
    half: (f64, f64),
) -> Result<()> {
    let (fill, opacity, ink) = tone.colours();
    let (from, to) = ((centre.0 - half.0, centre.1 - half.1), (centre.0 + half.0, centre.1 + half.1));
    canvas.rectangle(from, to, fill, opacity);
    if tone == Tone::Far {
        // A cut corner, so that it can be recognised without its colour.
        let corner = [(to.0 - 9.0, from.1), (to.0, from.1), (to.0, from.1 + 9.0)];
        canvas.area(&corner, Colour::Paper, 1.0);
    }
    let word = canvas.fit(word, SMALL, 2.0 * half.0 - 4.0)?;
    canvas.text(&word, centre, SMALL, ink, Side::Centre);
    Ok(())
}

/// Draws example cells with their meanings, from left to right.
fn draw_legend(canvas: &mut Canvas, y: f64) -> Result<()> {
    let mut x = 24.0;
    for (tone, word) in [
        (Tone::Same, "="),
        (Tone::Near, "1"),
        (Tone::Far, "254"),
        (Tone::Other, "raises"),
        (Tone::Unknown, "–"),
    ] {
        let meaning = tone.word();
        let half = (canvas.text_width(word, SMALL)? / 2.0 + 8.0).max(16.0);
        draw_cell(canvas, tone, word, (x + half, y), (half, ROW / 2.0 - 1.5))?;
        x += 2.0 * half + 8.0;
        canvas.text(meaning, (x, y), SMALL, Colour::Ink, Side::Left);
        x += canvas.text_width(meaning, SMALL)? + 20.0;
    }
    Ok(())
}

/// Every cell as CSV.
pub(super) fn csv(matrix: &Releases) -> String {
    let mut out = "class,release,section,row,verdict,answer,levels\n".to_owned();
    for block in blocks(matrix) {
        for (section, line) in block.sections.iter().flat_map(|(s, lines)| lines.iter().map(move |l| (s, l)))
        {
            for (cell, version) in line.cells.iter().zip(&block.versions) {
                let (title, section, label) = (block.title, field(section), field(&line.label));
                let (version, verdict, answer) = (field(version), cell.tone.word(), field(&cell.text));
                // Empty if it has no size, as in a spreadsheet.
                let levels = if cell.levels.is_finite() { cell.levels.to_string() } else { String::new() };
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{title},{version},{section},{label},{verdict},{answer},{levels}");
            }
        }
    }
    out
}
