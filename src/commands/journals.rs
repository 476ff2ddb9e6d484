//! The journals of the commands that measure: begun before the first sample, removed once the result is saved.

use std::{
    fs,
    path::{Path, PathBuf},
};

use patchmark_results::{
    Journal,
    journal::{self, Contents, Header, journals_of},
};
use patchmark_statistics::recover::results;

use super::recover::{Extent, save};
use crate::{console::tell, interrupt};

/// Begins the journal of a measurement whose result goes to `folder`. From now on a second signal saves what it holds.
pub(super) fn begin(folder: &Path, header: &Header) -> Journal {
    let journal = Journal::begin(folder, header);
    match journal.path() {
        Some(path) => {
            let (path, folder) = (path.to_owned(), folder.to_owned());
            interrupt::measuring(move || rescue(&path, &folder));
        }
        None => {
            tell_failure(&journal);
            interrupt::measuring(|| {});
        }
    }
    journal
}

/// Removes the journal if its result is saved, and says how to recover the result otherwise.
pub(super) fn end(journal: Journal, saved: bool) {
    tell_failure(&journal);
    if saved {
        journal.remove();
    } else if let (Some(path), true) = (journal.path(), journal.holds_samples()) {
        tell!("what was measured is in {}; {}", path.display(), remedy(path));
    }
}

fn tell_failure(journal: &Journal) {
    if let Some(failure) = journal.failure() {
        tell!("note: what is measured can only be saved at the end: {failure}");
    }
}

fn remedy(journal: &Path) -> String {
    format!("recover it with `patchmark report --recover {}`", journal.display())
}

/// Saves what this process has measured, for a signal that must not wait for the current call.
fn rescue(journal: &Path, folder: &Path) {
    let saved = journal::read(journal).and_then(|contents| save(contents, folder, Extent::Documents));
    match saved {
        Ok(saved) if saved.is_empty() => tell!("nothing was measured, so nothing is saved"),
        Ok(saved) => saved.iter().for_each(|(folder, _)| tell!("saved in {}", folder.display())),
        Err(error) => return tell!("error: {error:#}; {}", remedy(journal)),
    }
    // One that stays holds nothing that the results do not.
    let _ = fs::remove_file(journal);
}

/// Says which measurements of `folder` ended early and can be recovered, and removes those that hold nothing.
pub(super) fn tell_of_others(folder: &Path) {
    for journal in journals_of(folder) {
        match Contents::of_ended(&journal).map(results) {
            Ok(results) if results.is_empty() => drop(fs::remove_file(&journal)),
            Ok(_) => {
                tell!(
                    "note: {} was left by a measurement that ended early; {}",
                    journal.display(),
                    remedy(&journal)
                );
            }
            // It is still being written, or it is not a journal of patchmark's.
            Err(_) => {}
        }
    }
}

/// The folder of a result that goes below the folder of the whole measurement.
pub(super) fn within(folder: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { folder.to_owned() } else { folder.join(below) }
}
