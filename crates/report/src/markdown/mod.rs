//! Results as Markdown, for a pull request's comment or a job's summary.

pub mod decision;
pub mod escape;
mod flows;
pub mod limit;
pub mod parity;
pub mod releases;
pub mod run;
pub mod validation;
