//! How `compare` and `gate` print a decision.

use std::env;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::gate::{Decision, output};

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// A table.
    Text,
    /// Markdown, for a comment or a job's summary.
    Markdown,
    /// JUnit XML.
    Junit,
    /// GitHub's annotations, after the table.
    Github,
    /// The decision itself.
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// What is printed [default: github where GITHUB_ACTIONS is set, text elsewhere].
    #[arg(long, value_enum, value_name = "FORMAT", env = "PATCHMARK_FORMAT")]
    format: Option<Shape>,
    /// Print JSON: the same as --format json.
    #[arg(long, env = "PATCHMARK_JSON", conflicts_with = "format")]
    json: bool,
}

/// Prints the decision as asked.
pub(super) fn print(format: &Format, decision: &Decision) -> Result<()> {
    let on_github = env::var_os("GITHUB_ACTIONS").is_some_and(|value| !value.is_empty() && value != "false");
    let otherwise = if on_github { Shape::Github } else { Shape::Text };
    match if format.json { Shape::Json } else { format.format.unwrap_or(otherwise) } {
        Shape::Text => print!("{}", output::terminal(decision)),
        Shape::Markdown => print!("{}", output::markdown(decision)),
        Shape::Junit => print!("{}", output::junit(decision)),
        Shape::Github => print!("{}\n{}", output::terminal(decision), output::annotations(decision)),
        Shape::Json => println!("{}", serde_json::to_string_pretty(decision)?),
    }
    Ok(())
}
