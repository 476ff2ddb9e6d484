//! Every kind of saved result: the file that holds it, and how it is shown.

mod decision;
mod parity;
mod read;
mod releases;
mod run;
mod validation;

use anyhow::Result;

use super::charts::Chart;
use super::export::Format;
pub use read::{is_result, read};

/// A result that a command saved, whichever command that was.
pub trait Saved: Sync {
    /// The name of the file that holds it and marks its folder as its own.
    fn file(&self) -> &'static str;

    /// What that file holds.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn json(&self) -> Result<Vec<u8>>;

    /// Its charts, in the order of its page.
    ///
    /// # Errors
    /// If drawing fails.
    fn charts(&self) -> Result<Vec<Chart>>;

    /// Its page; `beside` are the forms in which the charts' own files lie beside it.
    ///
    /// # Errors
    /// If drawing fails.
    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String>;

    /// Its `summary.md`.
    fn summary(&self) -> String;

    /// What a terminal shows of it.
    fn terminal(&self) -> String;

    /// What it found, in one sentence.
    fn headline(&self) -> String;

    /// What it was taken on.
    fn place(&self) -> Place;
}

/// Where and when a result was taken, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The command that took it.
    pub kind: &'static str,
    /// The machine, or what else the result depends on most.
    pub machine: String,
    /// The images, the model or the subjects.
    pub subject: String,
    /// The commit of the build.
    pub commit: String,
}

/// A document as its file holds it.
fn encode(document: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(document)?;
    json.push(b'\n');
    Ok(json)
}
