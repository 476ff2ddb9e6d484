//! Saved results for people and machines to read: sentences, tables for a terminal, Markdown, JUnit XML, GitHub's
//! annotations, charts and pages.
//!
//! Everything is made from saved results alone. Nothing here measures or depends on code that does.

#[cfg(test)]
mod agreement_tests;
pub mod annotations;
pub mod charts;
#[cfg(test)]
mod decision_tests;
pub mod entry;
pub mod format;
pub mod index;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod selection;
pub mod store;
pub mod terminal;
pub mod view;
pub mod views;
pub mod words;

pub use charts::{Chart, Theme};
pub use format::Format;
pub use selection::Selection;
pub use view::View;
