//! Clocks, the state of a GPU, the environment of a measurement, and what a failure means for the rest of a run.

pub(crate) mod clock;
mod environment;
pub(crate) mod failure;
pub(crate) mod gpu;
mod precision;

pub use clock::{Timed, time};
pub use environment::environment;
pub use gpu::GpuMonitor;
pub use precision::{Precision, named_device, parse_device};
