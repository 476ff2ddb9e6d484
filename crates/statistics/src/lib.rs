//! The statistics of paired times: medians with bootstrap intervals, effects with their errors, verdicts with an error rate
//! for the whole decision, and when to stop measuring.
//!
//! [`effect`] measures a change with its error, [`judge`] turns it into a verdict, and [`contest`] takes rounds
//! of two subjects until every row has one.

pub mod bootstrap;
pub mod change_points;
pub mod contest;
pub mod decision_rows;
pub mod effect;
pub mod flow_rows;
pub mod judge;
pub mod looks;
pub mod pairs;
pub mod recover;
pub mod run_rows;
pub mod simulate;
pub mod student;
#[cfg(test)]
mod tests;
pub mod warnings;

pub use bootstrap::{estimate, median, paired, summarize};
pub use change_points::change_points;
pub use contest::{Contest, Measured, RowName, Watch, measure};
pub use effect::{Effect, Refusal};
pub use looks::Looks;
pub use warnings::{Series, Warning, warnings};
