//! Saved runs and everything drawn from them; nothing here measures.

pub mod charts;
mod document;
pub mod export;
pub mod folder;
pub mod format;
pub mod index;
mod overlap;
pub mod page;
#[cfg(test)]
pub(crate) mod samples;
pub mod saved;
pub mod schema;
pub mod store;
pub mod summary;
pub mod table;

pub use charts::{Chart, Theme};
pub use schema::Run;
pub use store::{check_writable, read_run, write_run};
