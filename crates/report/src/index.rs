//! The index of a folder of results: one page that says what each result found and links to its page.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use patchmark_results::{Kind, Saved, document, input_error};

use crate::{entry::Entry, page, views};

/// How many levels of folders are searched; results are not nested deeper.
const DEEPEST: usize = 6;

/// Every result below a folder, sorted by the folders' names.
///
/// # Errors
/// An input error if the folder cannot be read, holds no results, or holds one that is damaged.
pub fn find(folder: &Path) -> Result<Vec<Entry>> {
    let mut folders = Vec::new();
    descend(folder, DEEPEST, &mut folders)?;
    folders.sort();
    let mut entries = Vec::new();
    for found in folders {
        let saved = Saved::read(&found)?;
        let result = views::of(&saved);
        let below = found.strip_prefix(folder).unwrap_or(&found);
        let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        entries.push(Entry {
            folder: parts.join("/"),
            headline: result.headline(),
            origin: result.origin(),
            page: found.join(page::FILE).is_file(),
        });
    }
    if entries.is_empty() {
        return Err(input_error!("{} holds no results", folder.display()));
    }
    Ok(entries)
}

fn descend(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder)
        .map_err(|error| input_error!("cannot read the folder {}: {error}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || !entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        if Kind::of_folder(&path).is_some() {
            found.push(path.clone());
        }
        if depth > 1 {
            descend(&path, depth - 1, found)?;
        }
    }
    Ok(())
}

/// Writes `index.html` into the folder, completely or not at all; returns its path.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, entries: &[Entry]) -> Result<PathBuf> {
    let path = folder.join("index.html");
    document::write_file(&path, page::of_index(entries).as_bytes())?;
    Ok(path)
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
