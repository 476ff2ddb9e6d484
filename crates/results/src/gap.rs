//! What a decision was asked to guard and did not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// Base and candidate are the same, so that nothing could have been found.
    Identical,
    /// No row that counts was compared.
    NothingCounts,
    /// An entry of the policy, or a name in it, that no row has.
    NoRow,
    /// A ceiling of the policy that no ratio is held to.
    NoRatio,
}

/// A finding about the decision itself: without it, a decision that guards nothing would pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// Its kind.
    pub kind: GapKind,
    /// Where it comes from, such as `patchmark.toml, line 3`; empty if it is about the whole decision.
    pub place: String,
    /// What is not guarded and what to do, as a sentence.
    pub detail: String,
}

impl Gap {
    /// The gap on one line.
    pub fn sentence(&self) -> String {
        if self.place.is_empty() { self.detail.clone() } else { format!("{}: {}", self.place, self.detail) }
    }
}
