//! From a path to a saved result of whichever kind.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::de::DeserializeOwned;

use super::Saved;
use crate::{
    gate::{Decision, decision::DECISION_VERSION},
    input_error,
    parity::{self, ParityRun},
    report::{
        Run,
        document::{Document, RUN},
    },
    validate::{
        releases::{self, Matrix},
        report::{self, Report},
    },
};

/// A kind of document, and how it is read.
struct Kind {
    document: Document,
    parse: fn(&str) -> serde_json::Result<Box<dyn Saved>>,
}

impl Kind {
    const fn of<T: Saved + DeserializeOwned + 'static>(document: Document) -> Self {
        Self { document, parse: |text| Ok(Box::new(serde_json::from_str::<T>(text)?)) }
    }
}

const KINDS: [Kind; 6] = [
    Kind::of::<Run>(RUN),
    Kind::of::<Decision>(Document { file: "compare.json", version: DECISION_VERSION, command: "compare" }),
    Kind::of::<Decision>(Document { file: "gate.json", version: DECISION_VERSION, command: "gate" }),
    Kind::of::<ParityRun>(Document {
        file: "parity.json",
        version: parity::SCHEMA_VERSION,
        command: "parity",
    }),
    Kind::of::<Report>(Document {
        file: "validate.json",
        version: report::SCHEMA_VERSION,
        command: "validate",
    }),
    Kind::of::<Matrix>(Document {
        file: releases::FILE,
        version: releases::SCHEMA_VERSION,
        command: "validate --all-releases",
    }),
];

/// Reads the result in a folder, or the file of one. A file of another name is taken for a run of `bench`.
///
/// # Errors
/// An input error where there is none, where it is damaged, or where another version of patchmark wrote it.
pub fn read(path: &Path) -> Result<Box<dyn Saved>> {
    let (file, kind) = find(path)?;
    kind.document.read(&file, kind.parse)
}

/// Whether a folder holds a result.
pub fn is_result(folder: &Path) -> bool {
    KINDS.iter().any(|kind| folder.join(kind.document.file).is_file())
}

fn find(path: &Path) -> Result<(PathBuf, &'static Kind)> {
    if !path.is_dir() {
        let named = path.file_name().and_then(|name| KINDS.iter().find(|kind| name == kind.document.file));
        return Ok((path.to_owned(), named.unwrap_or(&KINDS[0])));
    }
    let found = KINDS.iter().find(|kind| path.join(kind.document.file).is_file());
    let Some(kind) = found else {
        let files: Vec<&str> = KINDS.iter().map(|kind| kind.document.file).collect();
        return Err(input_error!("{} holds no result: none of {}", path.display(), files.join(", ")));
    };
    Ok((path.join(kind.document.file), kind))
}
