//! `patchmark schema`: the JSON Schemas of all saved documents, generated from their types.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use patchmark_results::{Outcome, document, schema::schemas};

use crate::console::outln;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to write them
    #[arg(long, value_name = "DIR", default_value = "reports/schema")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("failed to create {}", arguments.out.display()))?;
    for (name, schema) in schemas() {
        let path = arguments.out.join(name);
        document::write_file(&path, (serde_json::to_string_pretty(&schema)? + "\n").as_bytes())?;
        outln!("{}", path.display());
    }
    Ok(Outcome::Done)
}
