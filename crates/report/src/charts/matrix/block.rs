//! What the matrix shows: the answers of each class, in rows of one cell per release.

use std::collections::HashMap;

use patchmark_results::{
    Releases,
    releases::{Backend, failing, given},
    text::clean,
};

use super::cell::Cell;

/// A row of a block: what it is about, and one cell per release.
pub(super) struct Line {
    pub(super) label: String,
    pub(super) cells: Vec<Cell>,
}

/// One class in all releases.
pub(super) struct Block<'a> {
    pub(super) title: &'static str,
    pub(super) versions: Vec<&'a str>,
    /// A heading and its rows.
    pub(super) sections: Vec<(&'static str, Vec<Line>)>,
}

impl Block<'_> {
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.sections.iter().flat_map(|(_, lines)| lines)
    }
}

/// The blocks, with all rows and releases.
pub(super) fn blocks(matrix: &Releases) -> Vec<Block<'_>> {
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
