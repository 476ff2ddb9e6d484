//! Decisions that hold in CI: statistics of paired samples, policies, baselines, verdicts.
//!
//! [`effect`] measures a change with its error, [`verdict`] turns it into one of four words, and
//! [`decision`] is the document in which `compare` and `gate` put them.

pub mod decision;
pub mod effect;
pub mod environment;
pub mod figures;
pub mod load;
pub mod output;
pub mod pairs;
pub mod policy;
pub mod runs;
pub mod simulate;
pub mod student;
#[cfg(test)]
mod tests;
pub mod verdict;

pub use decision::{Decision, Finding, Row};
pub use effect::{Effect, Grouping, Refusal};
pub use pairs::{Looks, Pairs};
pub use policy::Policy;
pub use verdict::{Better, Change, Judgement, Rule, Verdict, judge};
