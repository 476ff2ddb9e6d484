//! Turns decoded images into [`ModelInputs`]: the trait, and one file per processor.

mod batched;
pub mod dataloader;
mod elsewhere;
mod feed;
mod fused;
mod fused_cuda;
mod fused_u8;
mod hf;
mod naive;
mod output;
mod parameters;
mod references;
mod registry;
mod stages;
mod steps;
mod threaded;
mod transformers;
mod unavailable;

pub use batched::Batched;
pub use elsewhere::Elsewhere;
pub use feed::{FedBatch, Feed};
pub use fused::Fused;
pub use fused_cuda::FusedCuda;
pub use fused_u8::FusedU8;
pub use hf::HuggingFace;
pub use naive::Naive;
pub use parameters::{Parameters, Resample};
pub use references::{ReferenceOutputs, References};
pub use registry::{
    GPU_NAMES, NAMES, REFERENCE, computes_on, create, create_or_explain, must_equal_reference, parse_names,
};
pub use stages::{Stage, StageClock};
pub use threaded::Threaded;
pub use transformers::Backend;

use anyhow::Result;

use crate::inputs::ModelInputs;

/// An implementation of transformers' `Siglip2ImageProcessor`.
pub trait Processor {
    /// The name given to `--processors`.
    fn name(&self) -> &str;

    /// The form in which a user of this processor holds decoded images.
    fn feed(&self) -> Feed;

    /// Processes one batch; `clock` splits the time into stages if it is enabled.
    ///
    /// # Errors
    /// If the batch was prepared for another [`Feed`], or an operation fails, for example for lack of memory.
    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs>;

    /// The same processor as one that runs in another process; none if it runs in this one.
    fn elsewhere(&self) -> Option<&dyn Elsewhere> {
        None
    }
}
