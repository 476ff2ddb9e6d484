//! How the measuring commands print what they saved.

use std::path::Path;

use anyhow::Result;
use patchmark_report::View;

/// Prints a result, as JSON or for a terminal, and says where it was saved.
pub(super) fn print(result: &dyn View, json: bool, folder: &Path) -> Result<()> {
    if json {
        print!("{}", String::from_utf8(result.json()?)?);
    } else {
        print!("{}", result.terminal());
    }
    eprintln!("saved in {}", folder.display());
    Ok(())
}
