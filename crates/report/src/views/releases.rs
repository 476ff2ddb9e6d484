//! Releases of transformers compared with one reference.

use anyhow::Result;
use patchmark_results::{Kind, Releases, text::clean};

use crate::{
    charts::{self, Chart},
    format::Format,
    markdown, page, terminal,
    view::{Origin, View},
    words::releases::headline,
};

impl View for Releases {
    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_releases(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_releases(self, charts, beside)
    }

    fn markdown(&self) -> String {
        markdown::releases::render(self)
    }

    fn text(&self, columns: usize) -> String {
        terminal::releases::render(self, columns)
    }

    fn headline(&self) -> String {
        headline(self)
    }

    fn origin(&self) -> Origin {
        // Without the release, which is named after it in parentheses.
        let reference = self.reference.split(" (").next().unwrap_or_default();
        let versions: Vec<&str> = self.releases.iter().map(|release| release.version.as_str()).collect();
        Origin {
            command: Kind::Validation.command(),
            machine: format!("vector level {}", clean(&self.cpu_capability)),
            subject: format!(
                "transformers {} compared with {}",
                clean(&versions.join(", ")),
                clean(reference)
            ),
            commit: clean(&self.commit),
        }
    }
}
