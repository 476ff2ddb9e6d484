//! Releases of transformers against one reference.

use anyhow::Result;

use super::{Place, Saved, encode};
use crate::report::{Chart, charts, export::Format, format::clean, page};
use crate::validate::releases::{self, FILE, Matrix};

impl Saved for Matrix {
    fn file(&self) -> &'static str {
        FILE
    }

    fn json(&self) -> Result<Vec<u8>> {
        encode(self)
    }

    fn charts(&self) -> Result<Vec<Chart>> {
        charts::of_releases(self)
    }

    fn page(&self, charts: &[Chart], beside: &[Format]) -> Result<String> {
        page::of_releases(self, charts, beside)
    }

    fn summary(&self) -> String {
        releases::markdown(self)
    }

    fn terminal(&self) -> String {
        releases::markdown(self)
    }

    fn headline(&self) -> String {
        releases::headline(self)
    }

    fn place(&self) -> Place {
        // The reference's class is named after it.
        let against = self.against.split(" (").next().unwrap_or_default();
        let versions: Vec<&str> = self.releases.iter().map(|release| release.version.as_str()).collect();
        Place {
            kind: "validate",
            machine: format!("torch at {}", clean(&self.cpu_capability)),
            subject: format!("transformers {} against {}", clean(&versions.join(", ")), clean(against)),
            commit: clean(&self.commit),
        }
    }
}
