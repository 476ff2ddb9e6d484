//! Clocks, pairing, statistics, and the environment that a number was taken in.

mod batch;
mod bench;
mod clock;
mod environment;
pub mod estimate;
mod failure;
mod forwards;
mod gpu;
mod limit;
mod loader;
mod pipeline;
mod precision;
mod rounds;
mod rows;
mod samples;
mod sizes;
pub mod statistics;
mod subjects;

pub use bench::{Bench, Interrupt, bench};
pub use clock::{Timed, time};
pub use environment::environment;
pub use forwards::{ForwardKind, TimedForward, build_forwards, check_forwards};
pub use gpu::GpuMonitor;
pub use loader::Loaders;
pub use pipeline::MakeProcessor;
pub use precision::{Precision, named_device, parse_device};
