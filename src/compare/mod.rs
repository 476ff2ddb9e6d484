//! Two subjects timed in turn: two processors in this process; or two builds of patchmark, or two
//! subjects of `validate`, each in processes of its own.

mod bench;
mod builds;
mod contest;
mod processors;
pub mod protocol;
mod subjects;
pub mod worker;

pub use builds::Builds;
pub use contest::{Contest, Measured, Round, RowName, measure};
pub use processors::Processors;
pub use subjects::Subjects;
