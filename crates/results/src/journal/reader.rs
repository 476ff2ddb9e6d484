//! Reads a journal back, whole or cut short.

use std::{
    fs,
    path::{Component, Path},
};

use anyhow::Result;
use serde_json::Value;

use super::{Entry, Header, JOURNAL_VERSION, Measurement, file::is_being_written};
use crate::input_error;

/// What a journal holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Its first line.
    pub header: Header,
    /// Every whole line after it.
    pub entries: Vec<Entry>,
}

impl Contents {
    /// Reads a journal that no process is writing any more.
    ///
    /// # Errors
    /// As for [`read`], and an input error if a process is still writing it.
    pub fn of_ended(path: &Path) -> Result<Self> {
        if is_being_written(path) {
            return Err(input_error!(
                "{} is still being written: wait until that process has ended",
                path.display()
            ));
        }
        read(path)
    }
}

/// Reads a journal. A last line that was cut short, when its process was killed, is left out.
///
/// # Errors
/// An input error for a file that cannot be read, is no journal, or was written by a newer patchmark.
pub fn read(path: &Path) -> Result<Contents> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| input_error!("cannot read {name}: {error}"))?;
    // Without the line that has no end.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &bytes[..end]);
    let mut lines = whole.split(|byte| *byte == b'\n').enumerate();
    let no_journal =
        |why: &str| input_error!("{name} is not the journal of an unfinished measurement: {why}");
    let Some((_, first)) = lines.next().filter(|(_, line)| !line.is_empty()) else {
        return Err(no_journal("it has no whole line"));
    };
    let header: Value = serde_json::from_slice(first).map_err(|error| no_journal(&error.to_string()))?;
    match header.get("journal_version").and_then(Value::as_u64) {
        None => return Err(no_journal("its first line has no journal_version")),
        Some(version) if version > u64::from(JOURNAL_VERSION) => {
            return Err(input_error!(
                "{name} has journal version {version}, but this build only reads up to {JOURNAL_VERSION}: use a newer patchmark"
            ));
        }
        Some(_) => {}
    }
    let header: Header = serde_json::from_value(header).map_err(|error| no_journal(&error.to_string()))?;
    if let Measurement::Bench { runs, .. } = &header.measurement
        && let Some((outside, _)) = runs.iter().find(|(folder, _)| !is_below(folder))
    {
        let why = format!("its run {} would not go below the result's folder", outside.display());
        return Err(no_journal(&why));
    }
    let mut entries = Vec::new();
    for (index, line) in lines {
        entries.push(serde_json::from_slice(line).map_err(|error| {
            input_error!("{name}, line {}: {error}; delete that line to recover the others", index + 1)
        })?);
    }
    Ok(Contents { header, entries })
}

fn is_below(folder: &Path) -> bool {
    folder.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
