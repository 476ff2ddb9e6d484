//! A comparison of `parity`.

use anyhow::Result;

use super::{Place, Saved, encode};
use crate::parity::{ParityRun, output};
use crate::report::{
    Chart, charts,
    export::Format,
    format::{clean, count},
    page,
};

impl Saved for ParityRun {
    fn file(&self) -> &'static str {
        "parity.json"
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_parity(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_parity(self, charts, beside)
    }

    fn summary(&self) -> String {
        output::markdown(self)
    }

    fn terminal(&self) -> String {
        output::terminal(self)
    }

    fn headline(&self) -> String {
        output::headline(self)
    }

    fn place(&self) -> Place {
        Place {
            kind: "parity",
            machine: clean(&self.environment.cpu),
            subject: format!(
                "{} images against {} on {}",
                count(self.images.len() as u64),
                clean(&self.reference),
                clean(&self.device)
            ),
            commit: clean(&self.environment.commit),
        }
    }
}
