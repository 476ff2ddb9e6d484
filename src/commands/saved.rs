//! How results are printed and saved.

use std::path::Path;

use anyhow::Result;
use patchmark_report::{View, store};
use patchmark_results::Outcome;

#[cfg(feature = "harness")]
use crate::console::out;
use crate::console::tell;

/// How a command ended.
pub(super) struct Ended {
    /// Its outcome.
    pub(super) outcome: Outcome,
    /// Whether everything measured is in its document.
    pub(super) saved: bool,
}

/// Prints a result, as JSON or for a terminal, and then saves it: printing needs no disk, and a disk no reader.
///
/// A result without anything measured, which an interrupt leaves, is not saved, so that it replaces nothing.
///
/// # Errors
/// If the result cannot be encoded.
#[cfg(feature = "harness")]
pub(super) fn print_and_save(result: &dyn View, json: bool, folder: &Path) -> Result<Ended> {
    if !result.is_measured() {
        return Ok(unmeasured(result));
    }
    print(result, json)?;
    Ok(save(result, folder))
}

/// Prints a result, as JSON or for a terminal.
///
/// # Errors
/// If the result cannot be encoded.
#[cfg(feature = "harness")]
pub(super) fn print(result: &dyn View, json: bool) -> Result<()> {
    if json {
        out!("{}", String::from_utf8(result.json()?)?);
    } else {
        out!("{}", result.terminal());
    }
    Ok(())
}

/// Says that there is nothing to save.
#[cfg(feature = "harness")]
pub(super) fn unmeasured(result: &dyn View) -> Ended {
    tell!("nothing was measured, so nothing is saved");
    Ended { outcome: result.outcome(), saved: true }
}

/// Saves a result that was printed, and says where, or what could not be written.
pub(super) fn save(result: &dyn View, folder: &Path) -> Ended {
    told(store::write_documents(folder, result), result, folder)
}

/// Draws a result whose documents were written, and says where, or what could not be written.
pub(super) fn told(documents: Result<()>, result: &dyn View, folder: &Path) -> Ended {
    let saved = documents.is_ok();
    match documents.and_then(|()| store::draw(folder, result)) {
        Ok(()) => {
            tell!("saved in {}", folder.display());
            Ended { outcome: result.outcome(), saved }
        }
        Err(error) => {
            tell!("error: {error:#}");
            Ended { outcome: result.outcome().worse(Outcome::NotSaved), saved }
        }
    }
}
