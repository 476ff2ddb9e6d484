//! The embedded interpreter, tensors across the border without a copy, and transformers' calls.

mod embed;
pub mod hf;
pub mod kernel;
pub mod model;
mod pillow;
mod tensors;

pub(crate) use pillow::Pixels;

pub(crate) use embed::initialize;
pub use embed::{cpu_capability, gpus, has_headers, libtorch_copies, run, start, versions};
pub(crate) use tensors::from_python;
