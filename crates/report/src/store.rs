//! Results as folders: the saved file with everything that is drawn of it.

use std::path::Path;

use anyhow::Result;
use patchmark_results::{Folder, Kind, Run, Staging, document};

use crate::{selection::Selection, view::View};

/// Writes a result's file, `summary.md`, `junit.xml` where it has one, `report.html` and every chart (SVG, PNG, CSV of its
/// points) as the folder `dir`.
///
/// Everything is written to a temporary sibling that is renamed into place, so `dir` is complete or not there. An older
/// result's folder is replaced only once the new one is complete, and files in it that are not a result's own are kept. A
/// folder that holds no such result, unless empty, is refused.
///
/// # Errors
/// An input error for a folder that cannot be written or holds something else.
pub fn write(dir: &Path, result: &dyn View) -> Result<()> {
    let staging = Folder::find(dir, result.kind().file())?.staging()?;
    finish(staging, result)
}

/// As [`write()`], into a folder that was staged before and may hold more, such as evidence.
///
/// # Errors
/// If drawing fails, or the disk does not take a file.
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

/// Draws only what is selected of a result into the folder `dir`, whose other files are kept.
///
/// # Errors
/// As for [`write()`].
pub fn redraw(dir: &Path, result: &dyn View, selection: &Selection) -> Result<()> {
    let staging = Folder::find(dir, result.kind().file())?.staging()?;
    // The file that makes the folder a result's.
    staging.save(result.kind().file(), &result.json()?)?;
    for (name, bytes) in selection.files(result)? {
        staging.save(&name, &bytes)?;
    }
    staging.replace()
}

/// Checks, before anything is measured, that [`write()`] will be able to write a result of `kind` to `dir`.
///
/// # Errors
/// An input error where it will not.
pub fn check_writable(dir: &Path, kind: Kind) -> Result<()> {
    Folder::find(dir, kind.file())?.probe()
}

/// Checks that [`write_baseline`] will be able to write `path`.
///
/// # Errors
/// An input error where it will not.
pub fn check_baseline(path: &Path) -> Result<()> {
    if is_file(path) { document::beside(path).map(drop) } else { check_writable(path, Kind::Run) }
}

/// Writes a run where a baseline is kept: a run's folder, or its `run.json` alone where `path` is a file or is named like
/// one. The older baseline is whole until the new one is.
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
