//! Times a base and a candidate in turn: two processors in this process, or two subjects or two builds of patchmark in
//! worker processes that are restarted every few rounds.

mod processors;
mod samples;
mod setup;
mod sides;
mod workers;

pub use processors::Processors;
pub use setup::Setup;
pub use sides::Sides;
pub use workers::Workers;
