//! A result of `parity`.

use anyhow::Result;
use patchmark_results::{
    Document, Parity,
    text::{clean, plural},
};

use crate::{
    charts::{self, Chart},
    format::Format,
    markdown, page, terminal,
    view::{Origin, View},
    words::{machine::machine, parity},
};

impl View for Parity {
    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_parity(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_parity(self, charts, beside)
    }

    fn markdown(&self) -> String {
        markdown::parity::render(self)
    }

    fn text(&self, columns: usize) -> String {
        terminal::parity::render(self, columns)
    }

    fn headline(&self) -> String {
        parity::headline(self)
    }

    fn origin(&self) -> Origin {
        let images = plural(self.images.len() as u64, "image");
        Origin {
            command: self.kind().command(),
            machine: machine(&self.environment, &self.device),
            subject: format!("{images} compared with {} on {}", clean(&self.reference), clean(&self.device)),
            commit: clean(&self.environment.commit),
        }
    }
}
