//! The bench: times every subject in every round, pairs by round, and makes one run per setting of the forward.

mod agreement;
mod batch;
mod decoders;
pub mod estimate;
mod flows;
mod forwards;
mod found;
mod limit;
mod loader;
mod needs;
mod pipeline;
mod rounds;
mod run;
mod setup;
mod sizes;
mod step;

pub use decoders::Decoders;
pub use flows::{Files, Flow, FromFiles};
pub use forwards::{ForwardKind, TimedForward, build_forwards, check_forwards};
pub use pipeline::MakeProcessor;
pub use run::DecodeTimes;
pub use setup::{Bench, Loaders};
