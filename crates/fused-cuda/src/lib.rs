//! SigLIP 2 (NaFlex) preprocessing of a whole batch in one CUDA launch.
#![warn(missing_docs)]

mod batch;
mod code_cache;
mod compiler;
mod device;
mod element;
pub mod emulator;
mod error;
mod layout;
mod plan;
mod tables;
mod tiling;

pub use batch::{ALIGNMENT, Batch, Outputs, Source};
pub use code_cache::CodeCache;
pub use compiler::{Compiled, Program};
pub use device::{Device, Stream};
pub use element::Element;
pub use error::Error;
pub use layout::Launch;
pub use plan::{Plan, Planner};
