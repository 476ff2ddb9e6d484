//! Decisions about saved runs: what a policy requires, a run compared with its baseline, and the history of many runs.

mod coverage;
pub mod environment;
pub mod figures;
mod gaps;
pub mod history;
pub mod load;
pub mod policy;
pub mod runs;

pub use figures::FigureKind;
pub use policy::Policy;
pub use runs::{Allowed, decide};

#[cfg(test)]
mod coverage_tests;
#[cfg(test)]
mod tests;
