//! Results as folders: the saved file with everything that is drawn from it.

use std::path::Path;

use anyhow::{Context, Result};
use patchmark_results::{Folder, Kind, Run, Staging, document};

use crate::{charts, page, selection::Selection, view::View};

/// Writes a result to the folder `dir`: first its documents, as [`write_documents`]; then `report.html`, and every chart
/// as SVG, PNG and CSV.
///
/// # Errors
/// As for [`write_documents`], and if drawing fails or a picture cannot be written; the documents are then in place.
pub fn write(dir: &Path, result: &dyn View) -> Result<()> {
    write_documents(dir, result)?;
    draw(dir, result)
}

/// Writes the documents of a result to the folder `dir`: its file, `summary.md`, and `junit.xml` if it has one. The pictures
/// of an older result are removed.
///
/// Everything is written to a temporary sibling that is renamed into place, so each file of `dir` is complete and of the
/// same result. Files in it that do not belong to a result are kept. A folder that holds no such result is refused unless
/// it is empty.
///
/// # Errors
/// An input error for a folder that cannot be written to or holds something else.
pub fn write_documents(dir: &Path, result: &dyn View) -> Result<()> {
    finish_documents(Folder::find(dir, result.kind().file())?.staging()?, result)
}

/// As [`write_documents`], into a folder that is already staged and may hold more, such as evidence.
///
/// # Errors
/// If a file cannot be written.
pub fn finish_documents(mut staging: Staging, result: &dyn View) -> Result<()> {
    save_documents(&mut staging, result)?;
    pictures(result.kind()).into_iter().for_each(|name| staging.discard(name));
    staging.replace()
}

fn save_documents(staging: &mut Staging, result: &dyn View) -> Result<()> {
    staging.save(result.kind().file(), &result.json()?)?;
    staging.save("summary.md", result.summary().as_bytes())?;
    match result.junit()? {
        Some(junit) => staging.save("junit.xml", junit.as_bytes()),
        None => {
            staging.discard("junit.xml");
            Ok(())
        }
    }
}

/// Adds the pictures of a result to its documents, which are in place.
///
/// # Errors
/// If drawing fails or a picture cannot be written.
pub fn draw(dir: &Path, result: &dyn View) -> Result<()> {
    let drawn = || redraw(dir, result, &Selection::default());
    drawn().with_context(|| {
        let file = dir.join(result.kind().file());
        format!("{} is saved, but its charts and its page are not", file.display())
    })
}

/// The names that pictures of a kind of result can have.
fn pictures(kind: Kind) -> Vec<String> {
    let mut names = vec![page::FILE.to_owned()];
    for chart in charts::of_kind(kind) {
        names.push(format!("{chart}.csv"));
        for theme in ["", "-dark"] {
            names.extend(["svg", "png"].map(|format| format!("{chart}{theme}.{format}")));
        }
    }
    names
}

/// Draws the selected parts of a result into the folder `dir`, whose documents are written again and whose other files are
/// kept, in one step.
///
/// # Errors
/// As for [`write()`].
pub fn redraw(dir: &Path, result: &dyn View, selection: &Selection) -> Result<()> {
    let mut staging = Folder::find(dir, result.kind().file())?.staging()?;
    save_documents(&mut staging, result)?;
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
