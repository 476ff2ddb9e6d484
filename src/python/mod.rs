//! The embedded interpreter, tensors shared with it without a copy, and transformers' model.

pub mod cuda;
mod embed;
#[cfg(not(feature = "extension-module"))]
mod embedded;
pub mod graph;
#[cfg(feature = "extension-module")]
mod hosted;
pub mod kernel;
mod loading;
pub mod model;
mod pillow;
mod tensors;

pub(crate) use pillow::{Pixels, have_pixels, load_images, open_images, path_list, pil_images};

pub(crate) use embed::importing;
pub use embed::{
    cpu_capability, gpu_uuid, gpus, has_headers, libtorch_copies, numpy_version, run, start, versions,
};
#[cfg(not(feature = "extension-module"))]
pub(crate) use embedded::{initialize, interpreter};
#[cfg(feature = "extension-module")]
pub(crate) use hosted::{initialize, interpreter};
pub use loading::{DecoderChoice, TransformersLoading};
pub(crate) use tensors::{from_python, list as tensor_list};
