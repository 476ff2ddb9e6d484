//! What a run saves about one forward or one processor at one batch size.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    estimate::{Estimate, Samples},
    subjects,
    text::clean,
};

/// One forward at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardRow {
    /// `native`, `native-graph` or `hf`.
    pub name: String,
    /// The synchronised time, which is the true one.
    pub forward_ms: Samples,
    /// The time until the call returned, not synchronised: on a GPU only the launch, the classic mistake.
    pub launch_ms: Samples,
    /// Images per second of batches back to back, synchronised once at the end: what pipelined rates are compared with;
    /// none unless `--pipelined` was given.
    #[serde(default)]
    pub back_to_back_images_per_s: Option<Estimate>,
}

/// One processor at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessorRow {
    /// The name given to `--processors`.
    pub name: String,
    /// What it was fed, such as `PIL`, `CHW` or `HWC`.
    pub feed: String,
    /// Synchronised preprocess time.
    pub preprocess_ms: Samples,
    /// The same right behind a forward, without waiting for its threads to leave the CPU; none unless the run used several
    /// threads of a CPU. Long calls are left out, and so are processors whose turn never came.
    #[serde(default)]
    pub behind_forward_ms: Option<Samples>,
    /// Preprocess time ÷ forward time, paired within a round, by the forward's name.
    pub ratio: BTreeMap<String, Estimate>,
    /// Images per second through preprocess and forward one after the other, by the forward's name; through decoding too
    /// if the settings say so (`serial_decodes`).
    pub images_per_s: BTreeMap<String, Estimate>,
    /// Images per second with the next batch prepared during the forward, by the forward's name; empty unless
    /// `--pipelined` was given.
    #[serde(default)]
    pub pipelined_images_per_s: BTreeMap<String, Estimate>,
    /// `hf`'s preprocess time ÷ this one's, paired within a round; none if `hf` did not run.
    pub speedup_over_hf: Option<Estimate>,
    /// The batch's memory limit ÷ this preprocess time; none unless the run used one thread of a CPU.
    #[serde(default)]
    pub memory_limit_share: Option<Estimate>,
    /// Median milliseconds per batch by stage; empty unless `--stages` was given.
    pub stages_ms: BTreeMap<String, f64>,
    /// Whether the processor must equal the reference, so that a difference is a failure.
    pub must_equal: bool,
    /// How this batch's outputs compare with the reference's.
    pub parity: ParityStatus,
    /// Why the row ended early, if it did.
    pub failure: Option<String>,
}

impl ProcessorRow {
    /// A row before anything is measured; `must_equal` says whether the processor must equal the reference.
    pub fn unmeasured(name: impl Into<String>, feed: impl Into<String>, must_equal: bool) -> Self {
        Self {
            name: name.into(),
            feed: feed.into(),
            preprocess_ms: Samples::default(),
            behind_forward_ms: None,
            ratio: BTreeMap::new(),
            images_per_s: BTreeMap::new(),
            pipelined_images_per_s: BTreeMap::new(),
            speedup_over_hf: None,
            memory_limit_share: None,
            stages_ms: BTreeMap::new(),
            must_equal,
            parity: ParityStatus::NotVerified,
            failure: None,
        }
    }

    /// The processor's label in every table: its name, and what it was fed if there is room.
    pub fn label(&self) -> String {
        self.fed(clean(&self.name))
    }

    /// The same with [`subjects::short`].
    pub fn short_label(&self) -> String {
        self.fed(clean(&subjects::short(&self.name)))
    }

    fn fed(&self, name: String) -> String {
        let fed = format!("{name} ({})", clean(&self.feed));
        if self.feed.is_empty() || fed.chars().count() > LABEL_WIDTH { name } else { fed }
    }

    /// The preprocess time; none if the row has no sample.
    pub fn preprocess(&self) -> Option<Estimate> {
        self.preprocess_ms.measured()
    }
}

/// The largest width in columns of a label that says what a processor was fed.
const LABEL_WIDTH: usize = 30;

/// The result of comparing a processor's outputs with the reference's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum ParityStatus {
    /// It is the reference.
    Reference,
    /// Keys, dtypes, shapes and every value are equal.
    Exact,
    /// Values differ.
    Differs {
        /// How many values differ.
        values: u64,
        /// Of how many.
        total: u64,
        /// The first broken contract, or where the worst difference is, as a sentence.
        detail: String,
    },
    /// Nothing was compared; this never counts as passed.
    NotVerified,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_what_was_fed_where_there_is_room() {
        assert_eq!(ProcessorRow::unmeasured("fused-cuda", "HWC", true).label(), "fused-cuda (HWC)");
        let row = ProcessorRow::unmeasured("fused-cuda-resident", "HWC on the device", true);
        assert_eq!(row.label(), "fused-cuda-resident");
    }
}
