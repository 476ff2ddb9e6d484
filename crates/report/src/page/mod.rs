//! Pages of saved results: one self-contained file each, which loads nothing.
//!
//! Every text goes through maud, which escapes it. Only the shapes that `charts` drew, whose texts are escaped there, and
//! the page's own style and script are inserted as they are.

mod decision;
mod facts;
mod figure;
mod flows;
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

/// The file name of a page.
pub const FILE: &str = "report.html";
