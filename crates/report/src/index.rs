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

/// The results below a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Every result that can be read, sorted by the folders' names.
    pub entries: Vec<Entry>,
    /// The others, each with the reason.
    pub unreadable: Vec<String>,
}

/// Every result below a folder; what cannot be read is left out by name.
///
/// # Errors
/// An input error if the folder cannot be read or holds no result that can be.
pub fn find(folder: &Path) -> Result<Index> {
    let (mut folders, mut unreadable) = (Vec::new(), Vec::new());
    descend(folder, DEEPEST, &mut folders, &mut unreadable)?;
    folders.sort();
    let mut entries = Vec::new();
    for found in folders {
        let saved = match Saved::read(&found) {
            Ok(saved) => saved,
            Err(error) => {
                unreadable.push(format!("{error:#}"));
                continue;
            }
        };
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
        let why = if unreadable.is_empty() {
            String::new()
        } else {
            format!(" that can be read: {}", unreadable.join("; "))
        };
        return Err(input_error!("{} holds no results{why}", folder.display()));
    }
    Ok(Index { entries, unreadable })
}

fn descend(
    folder: &Path,
    depth: usize,
    found: &mut Vec<PathBuf>,
    unreadable: &mut Vec<String>,
) -> Result<()> {
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
        if depth > 1
            && let Err(error) = descend(&path, depth - 1, found, unreadable)
        {
            unreadable.push(format!("{error:#}"));
        }
    }
    Ok(())
}

/// Writes `index.html` into the folder, completely or not at all; returns its path.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, index: &Index) -> Result<PathBuf> {
    let path = folder.join("index.html");
    document::write_file(&path, page::of_index(&index.entries, &index.unreadable).as_bytes())?;
    Ok(path)
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
