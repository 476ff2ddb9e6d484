//! Decisions about saved runs: what a policy requires, a run compared with its baseline, and the history of many runs.

pub mod environment;
pub mod figures;
pub mod history;
pub mod load;
pub mod policy;
pub mod runs;

pub use figures::FigureKind;
pub use policy::Policy;
pub use runs::decide;

#[cfg(test)]
mod tests;
