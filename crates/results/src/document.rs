//! Saved results as files: encoding, and reading with errors that a user can act on.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::{
    decision::{Decision, DecisionKind},
    input_error,
    kind::Kind,
    outcome::Outcome,
    parity::Parity,
    reading,
    releases::Releases,
    run::Run,
    upgrade::upgrade,
    validation::Validation,
};

/// A result that a command saves.
pub trait Document {
    /// Its kind.
    fn kind(&self) -> Kind;

    /// How the command that made it ended.
    fn outcome(&self) -> Outcome;

    /// Whether it holds anything measured; an interrupt may leave a result that does not.
    fn is_measured(&self) -> bool;

    /// The contents of its file.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn json(&self) -> Result<Vec<u8>>;
}

impl Document for Run {
    fn kind(&self) -> Kind {
        Kind::Run
    }

    fn outcome(&self) -> Outcome {
        self.outcome()
    }

    fn is_measured(&self) -> bool {
        let rows = || self.batches.iter().flat_map(|batch| &batch.processors);
        let mut forwards = self.batches.iter().flat_map(|batch| &batch.forwards);
        rows().any(|row| !row.preprocess_ms.samples.is_empty() || row.failure.is_some())
            || forwards.any(|row| !row.forward_ms.samples.is_empty())
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(&self.finite())
    }
}

impl Document for Decision {
    fn kind(&self) -> Kind {
        match self.kind {
            DecisionKind::Compare => Kind::Compare,
            DecisionKind::Gate => Kind::Gate,
        }
    }

    fn outcome(&self) -> Outcome {
        self.outcome()
    }

    fn is_measured(&self) -> bool {
        !self.partial || self.rows.iter().any(|row| row.rounds > 0)
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }
}

impl Document for Parity {
    fn kind(&self) -> Kind {
        Kind::Parity
    }

    fn outcome(&self) -> Outcome {
        self.outcome()
    }

    fn is_measured(&self) -> bool {
        !self.images.is_empty()
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }
}

impl Document for Validation {
    fn kind(&self) -> Kind {
        Kind::Validation
    }

    fn outcome(&self) -> Outcome {
        self.outcome()
    }

    fn is_measured(&self) -> bool {
        true
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }
}

impl Document for Releases {
    fn kind(&self) -> Kind {
        Kind::Releases
    }

    fn outcome(&self) -> Outcome {
        self.outcome()
    }

    fn is_measured(&self) -> bool {
        !self.releases.is_empty()
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }
}

fn encode(document: &impl Serialize) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(document)?;
    json.push(b'\n');
    Ok(json)
}

/// A saved result of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// A run of `bench`.
    Run(Run),
    /// A decision of `compare` or `gate`.
    Decision(Decision),
    /// A result of `parity`.
    Parity(Parity),
    /// A validation of one subject.
    Validation(Validation),
    /// Releases of transformers compared with one reference.
    Releases(Releases),
}

impl Saved {
    /// Reads a result from its folder or its file. A file with any other name is read as a run of `bench`.
    ///
    /// # Errors
    /// An input error if there is no result, or if it is damaged or was written by a newer patchmark.
    pub fn read(path: &Path) -> Result<Self> {
        let (file, kind) = find(path)?;
        Ok(match kind {
            Kind::Run => Self::Run(read(&file, kind)?),
            Kind::Compare | Kind::Gate => Self::Decision(read(&file, kind)?),
            Kind::Parity => Self::Parity(read(&file, kind)?),
            Kind::Validation => Self::Validation(read(&file, kind)?),
            Kind::Releases => Self::Releases(read(&file, kind)?),
        })
    }
}

fn find(path: &Path) -> Result<(PathBuf, Kind)> {
    if !path.is_dir() {
        let named = path.file_name().and_then(|name| Kind::ALL.into_iter().find(|kind| name == kind.file()));
        return Ok((path.to_owned(), named.unwrap_or(Kind::Run)));
    }
    let Some(kind) = Kind::of_folder(path) else {
        let files = Kind::ALL.map(Kind::file).join(", ");
        return Err(input_error!("{} holds no result: there is none of {files}", path.display()));
    };
    Ok((path.join(kind.file()), kind))
}

/// Reads a run from its folder or from its `run.json`.
///
/// # Errors
/// An input error if the file cannot be read, is damaged, or was written by a newer patchmark.
pub fn read_run(path: &Path) -> Result<Run> {
    let file = if path.is_dir() { path.join(Kind::Run.file()) } else { path.to_owned() };
    read(&file, Kind::Run)
}

/// Reads a document of a known kind; one of an older version is upgraded to this build's.
fn read<T: DeserializeOwned>(file: &Path, kind: Kind) -> Result<T> {
    let (name, command) = (file.display(), kind.command());
    let text = reading::text(file)?;
    let damaged = |error: serde_json::Error| {
        if error.is_eof() {
            input_error!("{name} is cut short: {error}; run `patchmark {command}` again")
        } else {
            input_error!("{name} is not a result of `patchmark {command}`: {error}; run that command again")
        }
    };
    let value: Value = serde_json::from_str(&text).map_err(damaged)?;
    // The version is checked first, because a newer document may not fit this build's fields at all.
    let Some(version) = value.get("schema_version").and_then(Value::as_u64) else {
        return Err(input_error!(
            "{name} is not a result of `patchmark {command}`: it has no schema_version"
        ));
    };
    let known = u64::from(kind.version());
    if version == known {
        // From the text, so that an error names the line.
        return serde_json::from_str(&text).map_err(damaged);
    }
    if version > known {
        return Err(input_error!(
            "{name} has schema version {version}, but this build only reads up to {known}: use a newer patchmark"
        ));
    }
    let Some(value) = upgrade(kind, version, value) else {
        return Err(input_error!(
            "{name} has schema version {version}, which this build can no longer read: run `patchmark {command}` again"
        ));
    };
    serde_json::from_value(value).map_err(damaged)
}

/// A temporary file beside `path`, with the permissions of an ordinary file; [`replace`] moves it to `path`.
///
/// # Errors
/// An input error if the folder cannot be created or written to.
pub fn beside(path: &Path) -> Result<NamedTempFile> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = |error| input_error!("cannot write {}: {error}", path.display());
    fs::create_dir_all(parent).map_err(unwritable)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".patchmark-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(parent).map_err(unwritable)
}

/// Moves a temporary file made by [`beside`] to `path`, once its contents are on disk.
///
/// # Errors
/// If it cannot be moved; the old file is then unchanged.
pub fn replace(path: &Path, file: NamedTempFile) -> Result<()> {
    file.as_file().sync_all().with_context(|| format!("writing {}", path.display()))?;
    file.persist(path)
        .map_err(|error| input_error!("cannot write {}: {}", path.display(), error.error))
        .map(drop)
}

/// Writes one file, completely or not at all.
///
/// # Errors
/// An input error if the folder cannot be written to; the old file is then unchanged.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes).with_context(|| format!("writing {}", path.display()))?;
    replace(path, file)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
