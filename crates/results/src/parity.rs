//! The one definition of a saved comparison (`parity.json`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{environment::Environment, outcome::Outcome};

/// Bumped whenever a reader of the previous version would misread the document.
pub const PARITY_VERSION: u32 = 2;

/// One saved result of `parity`: processors against the reference over a corpus of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parity {
    /// Always [`PARITY_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// Seconds since the Unix epoch when the comparison began.
    pub started_unix_s: u64,
    /// Wall-clock seconds from start to end of comparing.
    pub elapsed_s: f64,
    /// Whether it was interrupted before the last image.
    pub partial: bool,
    /// The reference: the processor that the others are held against.
    pub reference: String,
    /// `cpu` or `cuda:N`: where outputs end.
    pub device: String,
    /// The seed of the generated images.
    pub seed: u64,
    /// What the bits depend on.
    pub environment: Environment,
    /// The images that were compared, in the order of the corpus.
    pub images: Vec<CorpusImage>,
    /// One entry a processor and `max_num_patches`.
    pub rows: Vec<ParityRow>,
    /// What could not be compared to the end.
    #[serde(default)]
    pub failures: Vec<ParityFailure>,
}

impl Parity {
    /// How the command that made it ends: a processor that promises the reference's bits and differs fails it; one that
    /// could not be compared to the end leaves it incomplete.
    pub fn outcome(&self) -> Outcome {
        if self.rows.iter().any(|row| row.must_equal && row.differing > 0) {
            Outcome::ParityFailed
        } else if self.partial {
            Outcome::Interrupted
        } else if !self.failures.is_empty() {
            Outcome::Inconclusive
        } else {
            Outcome::Done
        }
    }
}

/// A processor that failed at one `max_num_patches`. It has no row, unless it differed before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParityFailure {
    /// The processor's name.
    pub processor: String,
    /// Patches that images are padded to.
    pub max_num_patches: usize,
    /// Images that were compared before.
    pub images: usize,
    /// What it said.
    pub reason: String,
}

/// One image of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CorpusImage {
    /// Where the image comes from, or the generated image's number, purpose, size and pattern.
    pub name: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// One processor at one `max_num_patches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParityRow {
    /// The processor's name.
    pub processor: String,
    /// Patches that images are padded to.
    pub max_num_patches: usize,
    /// Whether a difference is a fault, as the processor promises the reference's bits.
    pub must_equal: bool,
    /// Images compared.
    pub images: usize,
    /// Values compared, of all three tensors.
    pub values: u64,
    /// Values whose bits differ.
    pub differing: u64,
    /// The largest absolute difference, 0 where all is equal or only signs of zero differ; none where a
    /// contract is broken or a value is NaN or infinite.
    pub worst: Option<f64>,
    /// Where the worst difference is, or the first broken contract; empty where all is equal.
    pub detail: String,
    /// The images that differ, in the order of the corpus.
    pub by_image: Vec<ImageDifference>,
    /// The patches of the image whose `pixel_values` are furthest apart; none where no real patch differs.
    pub heat: Option<Heat>,
}

/// How far one image's outputs are from the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImageDifference {
    /// Its place in [`Parity::images`].
    pub image: usize,
    /// Values of all three tensors whose bits differ; all of a tensor whose contract is broken.
    pub differing: u64,
    /// The largest absolute difference; none where a contract is broken or a value is NaN or infinite.
    pub worst: Option<f64>,
}

/// The differences of one image's `pixel_values`, patch by patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heat {
    /// Its place in [`Parity::images`].
    pub image: usize,
    /// Rows of patches.
    pub rows: usize,
    /// Patches in a row.
    pub columns: usize,
    /// The largest absolute difference of each patch, row by row, 0 where it is equal; none where a value
    /// is NaN or infinite.
    pub worst: Vec<Option<f64>>,
}

impl Heat {
    /// The largest difference of all, infinite where one is none.
    pub fn most(&self) -> f64 {
        self.worst.iter().map(|worst| size(*worst)).fold(0.0, f64::max)
    }
}

/// A saved difference as a number that can be ordered: what is none is worse than any.
pub fn size(worst: Option<f64>) -> f64 {
    worst.filter(|worst| !worst.is_nan()).unwrap_or(f64::INFINITY)
}

/// A difference as it is saved: JSON knows no infinity.
pub fn saved(worst: f64) -> Option<f64> {
    worst.is_finite().then_some(worst)
}
