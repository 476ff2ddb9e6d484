//! What can be made from a saved result, whichever command saved it.

use anyhow::Result;
use patchmark_results::Document;

use crate::{charts::Chart, format::Format, markdown::limit, terminal::layout::columns};

/// A saved result for people and machines to read.
pub trait View: Document + Sync {
    /// Its charts, in the order of its page.
    ///
    /// # Errors
    /// If drawing fails.
    fn charts(&self) -> Result<Vec<Chart>>;

    /// Its page; `beside` lists the formats of the chart files that lie beside it.
    ///
    /// # Errors
    /// If drawing fails.
    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String>;

    /// It as Markdown, whatever its length.
    fn markdown(&self) -> String;

    /// Its `summary.md`: as much of the Markdown as GitHub accepts.
    fn summary(&self) -> String {
        self.summary_within(limit::RESULT)
    }

    /// As much of the Markdown as fits in `room` bytes, with a sentence about what does not.
    fn summary_within(&self, room: usize) -> String {
        limit::within(room, self.markdown(), self.kind().file())
    }

    /// Its `junit.xml`; none if it is not a test.
    ///
    /// # Errors
    /// If it cannot be encoded.
    fn junit(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Its text for a terminal of `columns` columns.
    fn text(&self, columns: usize) -> String;

    /// Its text for the terminal, the pipe or the file that stdout is.
    fn terminal(&self) -> String {
        self.text(columns())
    }

    /// What it found, in one sentence.
    fn headline(&self) -> String;

    /// Where it comes from.
    fn origin(&self) -> Origin;
}

/// Where a result comes from, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The command that made it.
    pub command: &'static str,
    /// The machine, or whatever else the result depends on most.
    pub machine: String,
    /// The images, the model or the subjects.
    pub subject: String,
    /// The commit of the build.
    pub commit: String,
}
