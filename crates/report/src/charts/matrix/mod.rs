//! Releases of transformers compared with the reference, as one grid of answers per class.

mod block;
mod cell;
mod grid;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use anyhow::Result;
use block::blocks;
use patchmark_results::{
    Releases,
    text::{clean, count},
};

use super::{chart::Chart, csv::field, frame::Frame};

/// The largest number of releases that are drawn; of more, the latest.
const MOST_RELEASES: usize = 14;
/// The largest number of questions, and of checks, that are drawn per block.
const MOST_ROWS: usize = 24;

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
