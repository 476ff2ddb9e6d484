//! What a run saves about the way from image files to model inputs at one batch size.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    estimate::{Estimate, Samples},
    rows::ParityStatus,
    text::{clean, plural},
};

/// The flow that the others are compared with.
pub const REFERENCE_FLOW: &str = "hf-paths";

/// One flow, a decoder with a processor behind it, on one number of threads. Times are milliseconds for the whole batch, from
/// the files, which are in the page cache, to tensors on the forward's device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlowRow {
    /// `hf-paths`, `pillow+hf`, `pillow+fused` or `native+fused`.
    pub name: String,
    /// Threads that it may use.
    pub threads: usize,
    /// The time of whole calls, one sample per round.
    pub total_ms: Samples,
    /// Images per second.
    pub images_per_s: Option<Estimate>,
    /// The part of a call that is decoding, read from calls of their own in which decoding is timed; above 0 and at most 1.
    pub decoding_share: Option<Estimate>,
    /// `hf-paths`'s time ÷ this one's on as many threads, paired within a round; none if `hf-paths` did not run.
    pub speedup_over_hf_paths: Option<Estimate>,
    /// Its own time on one thread ÷ this one, paired within a round; none on one thread.
    pub speedup_over_one_thread: Option<Estimate>,
    /// Whether its decoder gave the pixels of `hf-paths`, so that a difference of its outputs is a failure.
    pub must_equal: bool,
    /// How this batch's outputs compare with those of `hf-paths`.
    pub parity: ParityStatus,
    /// Why the row ended early, if it did.
    pub failure: Option<String>,
}

impl FlowRow {
    /// Its name and its threads, as in charts: `native+fused, 2 threads`.
    pub fn label(&self) -> String {
        label(&self.name, self.threads)
    }

    /// Whether its outputs differ although they must not.
    pub fn differs_wrongly(&self) -> bool {
        self.must_equal && matches!(self.parity, ParityStatus::Differs { .. })
    }

    /// Removes what JSON cannot represent.
    pub(crate) fn mend(&mut self) {
        self.total_ms.mend();
        for estimate in [
            &mut self.images_per_s,
            &mut self.decoding_share,
            &mut self.speedup_over_hf_paths,
            &mut self.speedup_over_one_thread,
        ] {
            *estimate = estimate.filter(Estimate::is_finite);
        }
    }
}

/// A flow's name and its threads.
pub fn label(name: &str, threads: usize) -> String {
    format!("{}, {}", clean(name), plural(threads as u64, "thread"))
}
