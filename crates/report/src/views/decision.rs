//! A decision of `compare` or `gate`.

use anyhow::Result;
use patchmark_results::{Decision, text::clean};

use crate::{
    charts::{self, Chart},
    format::Format,
    junit, markdown, page, terminal,
    view::{Origin, View},
    words::{decision, machine::whole_machine},
};

impl View for Decision {
    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_decision(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_decision(self, charts, beside)
    }

    fn markdown(&self) -> String {
        markdown::decision::render(self)
    }

    fn junit(&self) -> Result<Option<String>> {
        junit::decision::render(self).map(Some)
    }

    fn text(&self, columns: usize) -> String {
        terminal::decision::render(self, columns)
    }

    fn headline(&self) -> String {
        decision::title(self)
    }

    fn origin(&self) -> Origin {
        Origin {
            command: self.kind.name(),
            machine: whole_machine(&self.environment),
            subject: decision::sides(self),
            commit: clean(&self.environment.commit),
        }
    }
}
