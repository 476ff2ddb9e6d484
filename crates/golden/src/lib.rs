//! Golden packs: images and parameters with the tensors that a reference makes of them, for programs that cannot call it.
//!
//! [`PackWriter`] writes a pack from outputs that it is handed, and [`check()`] compares a program's safetensors file with
//! one. What a pack says is defined in `patchmark_results::golden`. Nothing here needs torch or Python.

mod check;
mod dtype;
mod findings;
mod places;
mod tensor;
mod tensor_file;
mod values;
mod writer;

pub use check::check;
pub use safetensors::Dtype;
pub use tensor_file::TensorFile;
pub use writer::{Output, PackWriter};
