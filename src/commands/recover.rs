//! Makes partial results of a journal that was left by a process which ended early.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use patchmark_report::{store, views};
use patchmark_results::{
    Saved, input_error,
    journal::{Contents, folder_of, journals_of},
};
use patchmark_statistics::recover::results;

use crate::console::{out, tell};

/// How much of a result is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The document and its summary.
    #[cfg(feature = "harness")]
    Documents,
    /// The pictures and the page, too.
    Everything,
}

/// Recovers what `path` names, a journal or the folder that its result was to go to, and prints it. Returns the folders
/// that it was saved in.
///
/// # Errors
/// An input error if there is no journal, or it holds nothing; or if the results cannot be saved.
pub(super) fn recover(path: &Path, out: Option<&Path>) -> Result<Vec<PathBuf>> {
    let journal = find(path)?;
    let contents = Contents::of_ended(&journal)?;
    let folder = match out {
        Some(out) => out.to_owned(),
        None => folder_of(&journal).with_context(|| format!("{} has no name", journal.display()))?,
    };
    let saved = save(contents, &folder, Extent::Everything)?;
    if saved.is_empty() {
        return Err(input_error!("{} holds nothing measured: delete it", journal.display()));
    }
    for (folder, result) in &saved {
        out!("{}", views::of(result).terminal());
        tell!("recovered in {}", folder.display());
    }
    fs::remove_file(&journal).with_context(|| format!("deleting {}", journal.display()))?;
    Ok(saved.into_iter().map(|(folder, _)| folder).collect())
}

/// The journal that `path` is, or that lies beside the folder `path`.
fn find(path: &Path) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    match journals_of(path).as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(input_error!(
            "{} has no unfinished measurement: there is no {}.unfinished.jsonl",
            path.display(),
            path.display()
        )),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            Err(input_error!("name one of these unfinished measurements: {}", names.join(", ")))
        }
    }
}

/// Saves the partial results of a journal, whose whole result was to go to `folder`.
pub(super) fn save(contents: Contents, folder: &Path, extent: Extent) -> Result<Vec<(PathBuf, Saved)>> {
    let mut saved = Vec::new();
    for (below, result) in results(contents) {
        let folder = if below.as_os_str().is_empty() { folder.to_owned() } else { folder.join(below) };
        let view = views::of(&result);
        match extent {
            #[cfg(feature = "harness")]
            Extent::Documents => store::write_documents(&folder, view)?,
            Extent::Everything => store::write(&folder, view)?,
        }
        saved.push((folder, result));
    }
    Ok(saved)
}
