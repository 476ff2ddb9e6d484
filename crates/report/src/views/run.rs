//! A run of `bench`.

use anyhow::Result;
use patchmark_results::{
    Document, Run,
    text::{clean, plural},
};

use crate::{
    charts::{self, Chart},
    format::Format,
    markdown, page, terminal,
    view::{Origin, View},
    words::{
        machine::machine,
        run::{headline, model},
    },
};

impl View for Run {
    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_run(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_run(self, charts, beside)
    }

    fn markdown(&self) -> String {
        markdown::run::render(self)
    }

    fn text(&self, columns: usize) -> String {
        terminal::run::render(self, columns)
    }

    fn headline(&self) -> String {
        headline(self)
    }

    fn origin(&self) -> Origin {
        let settings = &self.settings;
        Origin {
            command: self.kind().command(),
            machine: machine(&self.environment, &settings.device),
            subject: format!(
                "{}; {}, {} tower, {} on {}, {}",
                clean(&settings.workload),
                model(settings),
                clean(&settings.tower),
                clean(&settings.dtype),
                clean(&settings.device),
                plural(settings.threads as u64, "thread")
            ),
            commit: clean(&self.environment.commit),
        }
    }
}
