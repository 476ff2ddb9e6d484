//! What a run holds of one forward or one processor at one batch size.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    estimate::{Estimate, Samples},
    text::clean,
};

/// One forward at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardRow {
    /// `native`, `native-graph` or `hf`.
    pub name: String,
    /// Synchronised: the true time.
    pub forward_ms: Samples,
    /// Until the call returned, not synchronised: launch time on a GPU, the classic mistake.
    pub launch_ms: Samples,
    /// Images a second of batches one behind another with nothing between, waited for once at the end: what pipelined
    /// rates are held against; none unless `--pipelined` was given.
    #[serde(default)]
    pub back_to_back_images_per_s: Option<Estimate>,
}

/// One processor at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessorRow {
    /// The name given to `--processors`.
    pub name: String,
    /// What it was fed: `PIL`, `CHW` or `HWC`.
    pub feed: String,
    /// Synchronised preprocess time.
    pub preprocess_ms: Samples,
    /// Preprocess over forward, paired within a round: forward's name to the ratio.
    pub ratio: BTreeMap<String, Estimate>,
    /// Images a second through preprocess and forward one after the other: by forward's name.
    pub images_per_s: BTreeMap<String, Estimate>,
    /// Images a second where the next batch is prepared while one is in the forward: by forward's name;
    /// empty unless `--pipelined` was given.
    #[serde(default)]
    pub pipelined_images_per_s: BTreeMap<String, Estimate>,
    /// `hf`'s preprocess time over this one's, paired within a round; none where `hf` did not run.
    pub speedup_over_hf: Option<Estimate>,
    /// One thread's memory limit over this preprocess time; where both ran on one thread of a CPU.
    #[serde(default)]
    pub memory_limit_share: Option<Estimate>,
    /// Stage to median milliseconds a batch, empty unless `--stages` was given.
    pub stages_ms: BTreeMap<String, f64>,
    /// Whether a difference from the reference's outputs is a fault, as the processor promises the reference's bits.
    pub must_equal: bool,
    /// Whether the outputs on this very batch equal the reference's.
    pub parity: ParityStatus,
    /// Why the row ended early, where it did.
    pub failure: Option<String>,
}

impl ProcessorRow {
    /// A row before anything is measured; `must_equal` says whether the processor promises the reference's bits.
    pub fn unmeasured(name: impl Into<String>, feed: impl Into<String>, must_equal: bool) -> Self {
        Self {
            name: name.into(),
            feed: feed.into(),
            preprocess_ms: Samples::default(),
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

    /// What the processor is called everywhere: its name, and what it was fed where there is room for that.
    pub fn label(&self) -> String {
        let name = clean(&self.name);
        let fed = format!("{name} ({})", clean(&self.feed));
        if self.feed.is_empty() || fed.chars().count() > LABEL_WIDTH { name } else { fed }
    }

    /// The preprocess time; none where the row took no sample.
    pub fn preprocess(&self) -> Option<Estimate> {
        self.preprocess_ms.measured()
    }
}

/// The most columns of a label that says what a processor was fed.
const LABEL_WIDTH: usize = 30;

/// The result of holding a processor's outputs against the reference's.
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
        /// A sentence: the first broken contract, or where the worst difference is.
        detail: String,
    },
    /// Nothing was compared; never to be read as passed.
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
