//! What is made of a saved result, whichever command saved it.

use anyhow::Result;
use patchmark_results::Document;

use crate::{charts::Chart, format::Format};

/// A saved result as people and machines read it.
pub trait View: Document + Sync {
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

    /// Its `junit.xml`; none for what is no test.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn junit(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// What a terminal shows of it.
    fn terminal(&self) -> String;

    /// What it found, in one sentence.
    fn headline(&self) -> String;

    /// What it was taken on.
    fn origin(&self) -> Origin;
}

/// Where a result was taken, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The command that took it.
    pub command: &'static str,
    /// The machine, or what else the result depends on most.
    pub machine: String,
    /// The images, the model or the subjects.
    pub subject: String,
    /// The commit of the build.
    pub commit: String,
}
