//! SigLIP 2 (NaFlex) preprocessing in one pass: decoded pixels in, normalised patches out. The result is bit
//! for bit that of torch's uint8 antialiased resize followed by a normalisation in f32.
//!
//! | file | concept |
//! | --- | --- |
//! | `size`, `layout`, `source` | a borrowed image and what describes it |
//! | `axis` | the integer weights of one axis |
//! | `program` | those weights arranged for vectors |
//! | `tables` | the arranged weights in the form that each kind of kernel loads |
//! | `level`, `kind` | which instructions are used, and which kernels run with them |
//! | `passes` | the weights of the two passes, arranged for a kind of kernel |
//! | `plan`, `cache` | everything that a resize between two sizes needs, and a bounded store of plans |
//! | `normalize` | the value that each byte becomes |
//! | `kernels` | the two passes, one implementation per level |
//! | `scratch` | buffers that a thread keeps between images |
//! | `sink` | where a finished row goes |
//! | `band` | the loop over output rows |
//! | `engine` | one image, or a band of it; how the passes work together |
//! | `driver` | a batch, on one thread or many |

#![warn(missing_docs)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, unused_imports, reason = "tables and choices of kernels that exist on x86-64 only")
)]

mod axis;
mod band;
mod cache;
mod driver;
mod engine;
mod error;
mod geometry;
mod kernels;
mod kind;
mod layout;
mod level;
mod normalize;
mod passes;
mod plan;
mod program;
mod scratch;
mod sink;
mod size;
mod source;
mod tables;

pub use axis::{Axis, Filter};
pub use cache::{PlanCache, Sizing};
pub use driver::{Job, Workspace, process_batch, process_batch_bytes};
#[doc(hidden)]
pub use engine::horizontal_only;
pub use engine::{Stores, process_image, process_image_bytes};
pub use error::Error;
pub use geometry::target_size;
pub use layout::Layout;
pub use level::Level;
pub use normalize::Normalization;
pub use plan::Plan;
pub use scratch::Scratch;
pub use size::Size;
pub use source::PixelView;
