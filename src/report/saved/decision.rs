//! A decision of `compare` or `gate`.

use anyhow::Result;

use super::{Place, Saved, encode};
use crate::gate::{Decision, output};
use crate::report::{Chart, charts, export::Format, format::clean, page};

impl Saved for Decision {
    fn file(&self) -> &'static str {
        output::file(self.kind)
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_decision(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_decision(self, charts, beside)
    }

    fn summary(&self) -> String {
        output::markdown(self)
    }

    fn terminal(&self) -> String {
        output::terminal(self)
    }

    fn headline(&self) -> String {
        format!("{}: {}", self.verdict.word(), output::headline(self))
    }

    fn place(&self) -> Place {
        let environment = &self.environment;
        let machine = environment.gpus.iter().chain([&environment.cpu]).map(|name| clean(name));
        Place {
            kind: self.kind.name(),
            machine: machine.collect::<Vec<_>>().join(", "),
            subject: format!("{} against {}", clean(&self.candidate), clean(&self.base)),
            commit: clean(&environment.commit),
        }
    }
}
