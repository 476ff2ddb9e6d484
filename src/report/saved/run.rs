//! A run of `bench`.

use anyhow::Result;

use super::{Place, Saved, encode};
use crate::report::{
    Chart, Run, charts, document,
    export::Format,
    format::{clean, machine, model},
    page, store, summary, table,
};

impl Saved for Run {
    fn file(&self) -> &'static str {
        document::RUN.file
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(&store::finite(self))
    }

    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_run(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_run(self, charts, beside)
    }

    fn summary(&self) -> String {
        summary::render(self)
    }

    fn terminal(&self) -> String {
        table::render(self)
    }

    fn headline(&self) -> String {
        summary::headline(self)
    }

    fn place(&self) -> Place {
        let settings = &self.settings;
        Place {
            kind: "bench",
            machine: machine(&self.environment, settings),
            subject: format!(
                "{}; {}, {} tower, {} on {}, {} threads",
                clean(&settings.workload),
                model(settings),
                clean(&settings.tower),
                clean(&settings.dtype),
                clean(&settings.device),
                settings.threads
            ),
            commit: clean(&self.environment.commit),
        }
    }
}
