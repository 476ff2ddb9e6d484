//! The hidden `patchmark schema`: the JSON Schemas of everything that is saved, from the types.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use schemars::{Schema, schema_for};

use crate::{error::Outcome, gate::Decision, parity::ParityRun, report::Run, validate::releases::Matrix};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to write them.
    #[arg(long, value_name = "DIR", default_value = "reports/schema")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("failed to create {}", arguments.out.display()))?;
    let schemas: [(&str, Schema); 4] = [
        ("run.schema.json", schema_for!(Run)),
        ("decision.schema.json", schema_for!(Decision)),
        ("parity.schema.json", schema_for!(ParityRun)),
        ("releases.schema.json", schema_for!(Matrix)),
    ];
    for (name, schema) in schemas {
        let path = arguments.out.join(name);
        fs::write(&path, serde_json::to_string_pretty(&schema)? + "\n")
            .with_context(|| format!("failed to write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(Outcome::Done)
}
