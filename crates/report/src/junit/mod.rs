//! Results as JUnit XML, which every CI system shows.

pub mod decision;
mod limit;
pub mod validation;
