//! The bench: every subject in every round, paired by round, then one run for each setting of the forward.

mod batch;
pub mod estimate;
mod forwards;
mod limit;
mod loader;
mod pipeline;
mod rounds;
mod rows;
mod run;
mod samples;
mod setup;
mod sizes;
mod step;

pub use forwards::{ForwardKind, TimedForward, build_forwards, check_forwards};
pub use pipeline::MakeProcessor;
pub use run::DecodeTimes;
pub use setup::{Bench, Loaders};
