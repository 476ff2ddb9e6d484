//! A saved JSON document of any kind, read with errors a person can act on.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::Value;

use super::schema::SCHEMA_VERSION;
use crate::input_error;

/// A kind of document.
pub(super) struct Document {
    /// The name of its file.
    pub(super) file: &'static str,
    /// The version of its fields that this build reads.
    pub(super) version: u32,
    /// The command that makes one.
    pub(super) command: &'static str,
}

/// A run of `bench`.
pub(super) const RUN: Document = Document { file: "run.json", version: SCHEMA_VERSION, command: "bench" };

impl Document {
    /// Reads one from a file, with `parse` once its version is known.
    ///
    /// # Errors
    /// An input error where the file cannot be read, is damaged, or was written by another version of patchmark.
    pub(super) fn read<T>(
        &self,
        file: &Path,
        parse: impl FnOnce(&str) -> serde_json::Result<T>,
    ) -> Result<T> {
        let (name, again) = (file.display(), self.command);
        let text = fs::read_to_string(file).map_err(|error| input_error!("cannot read {name}: {error}"))?;
        let damaged = |error: serde_json::Error| {
            if error.is_eof() {
                input_error!("{name} is cut short: {error}; run `patchmark {again}` again")
            } else {
                input_error!("{name} is no result of `patchmark {again}`: {error}; run that again")
            }
        };
        let value: Value = serde_json::from_str(&text).map_err(damaged)?;
        // The version is looked at first: a newer document need not fit this build's fields at all.
        let Some(version) = value.get("schema_version").and_then(Value::as_u64) else {
            return Err(input_error!("{name} is no result of `patchmark {again}`: it has no schema_version"));
        };
        let known = u64::from(self.version);
        if version == known {
            return parse(&text).map_err(damaged);
        }
        let remedy = if version > known {
            "use a newer patchmark".to_owned()
        } else {
            format!("run `patchmark {again}` again")
        };
        Err(input_error!("{name} has schema version {version}, and this build reads {known}: {remedy}"))
    }
}
