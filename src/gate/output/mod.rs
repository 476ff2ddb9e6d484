//! A decision as people and machines read it: a terminal's table, Markdown, JUnit XML, GitHub's
//! annotations, and the folder that holds them with the JSON.

mod annotations;
mod cells;
mod folder;
mod junit;
mod markdown;
#[cfg(test)]
pub(crate) mod samples;
mod terminal;
#[cfg(test)]
mod tests;

pub use annotations::annotations;
pub(crate) use cells::{headline, legend, word};
pub(crate) use folder::file;
pub use folder::{check_writable, write};
pub use junit::junit;
pub use markdown::markdown;
pub use terminal::terminal;
