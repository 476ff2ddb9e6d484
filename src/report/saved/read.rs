//! From a path to a saved result of whichever kind.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Saved;
use crate::{
    gate::{Decision, decision::DECISION_VERSION},
    input_error,
    parity::{self, ParityRun},
    report::{Run, schema::SCHEMA_VERSION},
    validate::{
        releases::{self, Matrix},
        report::{self, Report},
    },
};

/// A kind of document: its name, its version, the command that makes it, and how it is read.
struct Kind {
    file: &'static str,
    version: u32,
    command: &'static str,
    read: fn(&str) -> serde_json::Result<Box<dyn Saved>>,
}

fn as_saved<T: Saved + DeserializeOwned + 'static>(text: &str) -> serde_json::Result<Box<dyn Saved>> {
    Ok(Box::new(serde_json::from_str::<T>(text)?))
}

const KINDS: [Kind; 6] = [
    Kind { file: "run.json", version: SCHEMA_VERSION, command: "bench", read: as_saved::<Run> },
    Kind { file: "compare.json", version: DECISION_VERSION, command: "compare", read: as_saved::<Decision> },
    Kind { file: "gate.json", version: DECISION_VERSION, command: "gate", read: as_saved::<Decision> },
    Kind {
        file: "parity.json",
        version: parity::SCHEMA_VERSION,
        command: "parity",
        read: as_saved::<ParityRun>,
    },
    Kind {
        file: "validate.json",
        version: report::SCHEMA_VERSION,
        command: "validate",
        read: as_saved::<Report>,
    },
    Kind {
        file: releases::FILE,
        version: releases::SCHEMA_VERSION,
        command: "validate --all-releases",
        read: as_saved::<Matrix>,
    },
];

/// Reads the result in a folder, or the file of one. A file of another name is taken for a run of `bench`.
///
/// # Errors
/// An input error where there is none, where it is damaged, or where another version of patchmark wrote it.
pub fn read(path: &Path) -> Result<Box<dyn Saved>> {
    let (file, kind) = find(path)?;
    let text = fs::read_to_string(&file)
        .map_err(|error| input_error!("cannot read the result {}: {error}", file.display()))?;
    let again = kind.command;
    let damaged = |error: serde_json::Error| {
        let cause = if error.is_eof() { "is cut short" } else { "is no result of `patchmark" };
        let cause = if error.is_eof() { cause.to_owned() } else { format!("{cause} {again}`") };
        input_error!("{} {cause}: {error}; run `patchmark {again}` again", file.display())
    };
    let value: Value = serde_json::from_str(&text).map_err(damaged)?;
    // The version is looked at first: a newer document need not fit this build's fields at all.
    let version = value.get("schema_version").and_then(Value::as_u64);
    let remedy = match version {
        None => return Err(input_error!("{} is not a run: it has no schema_version", file.display())),
        Some(version) if version > u64::from(kind.version) => "use a newer patchmark".to_owned(),
        Some(version) if version < u64::from(kind.version) => format!("run `patchmark {again}` again"),
        Some(_) => return (kind.read)(&text).map_err(damaged),
    };
    Err(input_error!(
        "{} has schema version {}, and this build reads {}: {remedy}",
        file.display(),
        version.unwrap_or(0),
        kind.version
    ))
}

/// Whether a folder holds a result.
pub fn is_result(folder: &Path) -> bool {
    KINDS.iter().any(|kind| folder.join(kind.file).is_file())
}

fn find(path: &Path) -> Result<(PathBuf, &'static Kind)> {
    if !path.is_dir() {
        let named = path.file_name().and_then(|name| KINDS.iter().find(|kind| name == kind.file));
        return Ok((path.to_owned(), named.unwrap_or(&KINDS[0])));
    }
    let found = KINDS.iter().find(|kind| path.join(kind.file).is_file());
    let Some(kind) = found else {
        let files: Vec<&str> = KINDS.iter().map(|kind| kind.file).collect();
        return Err(input_error!("{} holds no result: none of {}", path.display(), files.join(", ")));
    };
    Ok((path.join(kind.file), kind))
}
