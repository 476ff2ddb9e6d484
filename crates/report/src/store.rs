//! Results as folders: the saved file with everything that is drawn from it.

use std::path::Path;

use anyhow::Result;
use patchmark_results::{Folder, Kind, Run, Staging, document};

use crate::{selection::Selection, view::View};

/// Writes a result to the folder `dir`: its file, `summary.md`, `junit.xml` if it has one, `report.html`, and every chart as
/// SVG, PNG and CSV.
///
/// Everything is written to a temporary sibling that is renamed into place, so `dir` is either complete or absent. The
/// folder of an older result is replaced only once the new one is complete, and files in it that do not belong to a result
/// are kept. A folder that holds no such result is refused unless it is empty.
///
/// # Errors
/// An input error for a folder that cannot be written to or holds something else.
pub fn write(dir: &Path, result: &dyn View) -> Result<()> {
    let staging = Folder::find(dir, result.kind().file())?.staging()?;
    finish(staging, result)
}

/// As [`write()`], into a folder that is already staged and may hold more, such as evidence.
///
/// # Errors
/// If drawing fails or a file cannot be written.
pub fn finish(staging: Staging, result: &dyn View) -> Result<()> {
    staging.save(result.kind().file(), &result.json()?)?;
    staging.save("summary.md", result.summary().as_bytes())?;
    if let Some(junit) = result.junit()? {
        staging.save("junit.xml", junit.as_bytes())?;
    }
    for (name, bytes) in Selection::default().files(result)? {
        staging.save(&name, &bytes)?;
    }
    staging.replace()
}

/// Draws only the selected parts of a result into the folder `dir`, whose other files are kept.
///
/// # Errors
/// As for [`write()`].
pub fn redraw(dir: &Path, result: &dyn View, selection: &Selection) -> Result<()> {
    let staging = Folder::find(dir, result.kind().file())?.staging()?;
    // This file marks the folder as a result's.
    staging.save(result.kind().file(), &result.json()?)?;
    for (name, bytes) in selection.files(result)? {
        staging.save(&name, &bytes)?;
    }
    staging.replace()
}

/// Checks, before anything is measured, that [`write()`] will be able to write a result of `kind` to `dir`.
///
/// # Errors
/// An input error if it will not.
pub fn check_writable(dir: &Path, kind: Kind) -> Result<()> {
    Folder::find(dir, kind.file())?.probe()
}

/// Checks that [`write_baseline`] will be able to write `path`.
///
/// # Errors
/// An input error if it will not.
pub fn check_baseline(path: &Path) -> Result<()> {
    if is_file(path) { document::beside(path).map(drop) } else { check_writable(path, Kind::Run) }
}

/// Writes a run as a baseline: as a run folder, or as its `run.json` alone if `path` is a file or ends in `.json`. The old
/// baseline is replaced only once the new one is complete.
///
/// # Errors
/// As for [`write()`].
pub fn write_baseline(path: &Path, run: &Run) -> Result<()> {
    if is_file(path) {
        document::write_file(path, &patchmark_results::Document::json(run)?)
    } else {
        write(path, run)
    }
}

fn is_file(path: &Path) -> bool {
    path.is_file() || (!path.exists() && path.extension().is_some_and(|extension| extension == "json"))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
