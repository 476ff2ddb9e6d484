//! `patchmark golden check`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use patchmark_report::terminal;
use patchmark_results::Outcome;

use crate::{
    commands::allow::Allow,
    console::{out, outln},
};

#[derive(Debug, Args)]
#[command(after_help = "TENSORS has the outputs of every case under the names CASE/pixel_values, \
    CASE/pixel_attention_mask and CASE/spatial_shapes; README.txt in the pack says how to make it.\n\n\
    Exit codes: 0 equal; 2 a file cannot be read; 4 a case differs; 5 a case is missing, or differs from a digest in a way \
    that --allow may permit.")]
pub(super) struct Arguments {
    /// The pack: its folder
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// The safetensors file of the program that is checked
    #[arg(value_name = "TENSORS")]
    tensors: PathBuf,
    /// The loosest parity of pixel_values that passes; everything else must be equal
    #[arg(long, value_enum, value_name = "CLASS", default_value = "exact", env = "PATCHMARK_ALLOW")]
    allow: Allow,
    /// Print JSON instead of text
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    let found = patchmark_golden::check(&arguments.pack, &arguments.tensors, arguments.allow.into())?;
    if arguments.json {
        outln!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        out!("{}", terminal::golden::render(&found, terminal::layout::columns()));
    }
    Ok(found.outcome())
}
