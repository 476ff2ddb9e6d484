//! Two subjects timed in turn: two processors in this process, or two builds of patchmark, each in
//! processes of its own.

mod bench;
mod builds;
mod contest;
mod processors;
pub mod protocol;
pub mod worker;

pub use builds::Builds;
pub use contest::{Contest, Measured, RowName, measure};
pub use processors::Processors;
