//! Results as JUnit XML, which every CI system shows.

pub mod decision;
pub mod validation;
