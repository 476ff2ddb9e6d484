//! A validation of one subject.

use anyhow::Result;

use super::{Place, Saved, encode};
use crate::report::{Chart, charts, export::Format, format::clean, page};
use crate::validate::report::{Report, markdown, terminal};

impl Saved for Report {
    fn file(&self) -> &'static str {
        "validate.json"
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_validation(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_validation(self, charts, beside)
    }

    fn summary(&self) -> String {
        markdown(self)
    }

    fn terminal(&self) -> String {
        terminal(self)
    }

    fn headline(&self) -> String {
        clean(&self.headline())
    }

    fn place(&self) -> Place {
        Place {
            kind: "validate",
            machine: format!("torch at {}", clean(&self.cpu_capability)),
            subject: format!("{} against {}", clean(&self.candidate), clean(&self.against)),
            commit: clean(&self.commit),
        }
    }
}
