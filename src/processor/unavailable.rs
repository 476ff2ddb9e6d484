//! A processor that could not be made.

use anyhow::{Result, bail};

use super::{FedBatch, Feed, Processor, StageClock};
use crate::inputs::ModelInputs;

/// Replaces a processor that this machine cannot make, so that the others can continue: it fails every batch with the
/// reason.
pub(super) struct Unavailable {
    pub(super) name: String,
    pub(super) reason: String,
}

impl Processor for Unavailable {
    fn name(&self) -> &str {
        &self.name
    }

    fn feed(&self) -> Feed {
        Feed::Hwc
    }

    fn process(&self, _: &FedBatch, _: &mut StageClock) -> Result<ModelInputs> {
        bail!("{}", self.reason)
    }
}
