//! How `compare` and `gate` print a decision.

use std::env;

use anyhow::Result;
use clap::{Args, ValueEnum};
use patchmark_report::{View, annotations};
use patchmark_results::{Decision, Document};

use crate::console::out;

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A table
    Text,
    /// Markdown, for a comment or a job's summary
    Markdown,
    /// JUnit XML
    Junit,
    /// The table, then GitHub's annotations
    Github,
    /// The decision as it is saved
    Json,
}

#[derive(Debug, Args)]
pub(super) struct OutputOptions {
    /// What is printed [default: github if GITHUB_ACTIONS is set, otherwise text]
    #[arg(long, value_enum, value_name = "FORMAT", env = "PATCHMARK_FORMAT")]
    format: Option<Shape>,
    /// Print JSON: the same as --format json
    #[arg(long, env = "PATCHMARK_JSON", conflicts_with = "format")]
    json: bool,
}

/// Prints the decision as asked.
pub(super) fn print(output: &OutputOptions, decision: &Decision) -> Result<()> {
    let on_github = env::var_os("GITHUB_ACTIONS").is_some_and(|value| !value.is_empty() && value != "false");
    let otherwise = if on_github { Shape::Github } else { Shape::Text };
    match if output.json { Shape::Json } else { output.format.unwrap_or(otherwise) } {
        Shape::Text => out!("{}", decision.terminal()),
        Shape::Markdown => out!("{}", decision.summary()),
        Shape::Junit => out!("{}", decision.junit()?.unwrap_or_default()),
        Shape::Github => out!("{}\n{}", decision.terminal(), annotations::render(decision)),
        Shape::Json => out!("{}", String::from_utf8(decision.json()?)?),
    }
    Ok(())
}
