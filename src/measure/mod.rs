//! Clocks, pairing, statistics, and the environment that a number was taken in.

mod bench;
mod clock;
mod environment;
mod forwards;
mod limit;
mod precision;
mod rounds;
pub mod statistics;
mod subjects;

pub use bench::{Bench, Interrupt, bench};
pub use clock::{Timed, time};
pub use environment::environment;
pub use forwards::{ForwardKind, build_forwards};
pub use precision::{Precision, parse_device};
