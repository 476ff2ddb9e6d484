//! Releases of transformers compared with the reference, as one grid of answers per class.

mod cell;
mod grid;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt::Write};

use anyhow::Result;
use cell::Cell;
use patchmark_results::{
    Releases,
    releases::{Backend, failing, given},
    text::{clean, count},
};

use super::{chart::Chart, csv::field, frame::Frame};

/// The largest number of releases that are drawn; of more, the latest.
const MOST_RELEASES: usize = 14;
/// The largest number of questions, and of checks, that are drawn per block.
const MOST_ROWS: usize = 24;
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

pub(super) fn chart(name: &'static str, matrix: &Releases) -> Result<Chart> {
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
    let frame = Frame {
        title: "Releases of transformers compared with the reference".to_owned(),
        subtitle: format!("reference: {}", clean(&matrix.reference)),
        caption: caption(matrix, remarks),
    };
    Chart::new(name, frame, csv(matrix), |width| grid::draw(&blocks, width))
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

/// Every cell as CSV.
fn csv(matrix: &Releases) -> String {
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
