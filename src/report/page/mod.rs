//! Pages of saved results: one file each that asks for nothing from anywhere.
//!
//! Every text goes through maud, which escapes it; only the shapes that `charts` drew, whose texts are
//! escaped there, and the page's own style and script are put in as they are.

mod facts;
mod figure;
mod head;
mod run;
mod runs;
mod table;
#[cfg(test)]
mod tests;

pub use run::of_run;
pub use runs::of_runs;

/// The name of a page in its folder.
pub const FILE: &str = "report.html";
