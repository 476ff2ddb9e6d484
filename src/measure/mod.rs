//! Clocks, waiting for a quiet CPU, the state of a GPU, the environment of a measurement with the limits on memory and
//! CPUs, and what a failure means for the rest of a run.

mod cgroup;
pub(crate) mod clock;
pub(crate) mod cpu;
mod environment;
pub(crate) mod failure;
pub(crate) mod gpu;
pub(crate) mod memory;
mod precision;
mod quiet;
#[cfg(test)]
mod test_system;

pub use clock::{Timed, time};
pub use environment::environment;
pub use gpu::GpuMonitor;
pub use precision::{Precision, named_device, parse_device};
pub use quiet::Quiet;
