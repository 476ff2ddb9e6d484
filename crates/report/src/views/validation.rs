//! A validation of one subject.

use anyhow::Result;
use patchmark_results::{Document, Validation, text::clean};

use crate::{
    charts::{self, Chart},
    format::Format,
    junit, markdown, page, terminal,
    view::{Origin, View},
    words::validation::{headline, sides},
};

impl View for Validation {
    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_validation(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_validation(self, charts, beside)
    }

    fn markdown(&self) -> String {
        markdown::validation::render(self)
    }

    fn junit(&self) -> Result<Option<String>> {
        junit::validation::render(self).map(Some)
    }

    fn text(&self, columns: usize) -> String {
        terminal::validation::render(self, columns)
    }

    fn headline(&self) -> String {
        headline(self)
    }

    fn origin(&self) -> Origin {
        Origin {
            command: self.kind().command(),
            machine: format!("vector level {}", clean(&self.cpu_capability)),
            subject: sides(self),
            commit: clean(&self.commit),
        }
    }
}
