//! Pages of saved results: one file each that asks for nothing from anywhere.
//!
//! Every text goes through maud, which escapes it; only the shapes that `charts` drew, whose texts are
//! escaped there, and the page's own style and script are put in as they are.

mod decision;
mod facts;
mod figure;
mod grid;
mod head;
mod index;
mod parity;
mod releases;
mod run;
mod runs;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod validation;

pub use decision::of_decision;
pub use index::of_index;
pub use parity::of_parity;
pub use releases::of_releases;
pub use run::of_run;
pub use runs::of_runs;
pub use validation::of_validation;

/// The name of a page in its folder.
pub const FILE: &str = "report.html";
