//! The definition of a saved parity result (`parity.json`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{decoding::DecodingParity, environment::Environment, outcome::Outcome, skipped::SkippedFile};

/// Bumped whenever a reader of the previous version would misread the document.
pub const PARITY_VERSION: u32 = 2;

/// One saved result of `parity`: processors compared with the reference over a corpus of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parity {
    /// Always [`PARITY_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// When comparing began, in seconds since the Unix epoch.
    pub started_unix_s: u64,
    /// Wall-clock seconds from start to end of comparing.
    pub elapsed_s: f64,
    /// Whether it was interrupted before the last image.
    pub partial: bool,
    /// The reference: the processor that the others are compared with.
    pub reference: String,
    /// Where outputs end: `cpu` or `cuda:N`.
    pub device: String,
    /// The seed of the generated images.
    pub seed: u64,
    /// What the bits depend on.
    pub environment: Environment,
    /// The images that were compared, in the order of the corpus.
    pub images: Vec<CorpusImage>,
    /// Files that could not be decoded and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_files: Vec<SkippedFile>,
    /// Whether the files' pixels are those of transformers' own loader; none if the images were not files, or in results of
    /// older versions. Processors start from equal pixels, so what differs here comes from decoding, and what differs in the
    /// rows from processing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoding: Option<DecodingParity>,
    /// One row per processor and `max_num_patches`.
    pub rows: Vec<ParityRow>,
    /// Processors that failed before all images were compared.
    #[serde(default)]
    pub failures: Vec<ParityFailure>,
}

impl Parity {
    /// How the command that made it ended. It failed if a processor that must equal the reference differs, or a file was
    /// decoded to other pixels than its loader gives; it is incomplete if a processor failed before all images were compared.
    pub fn outcome(&self) -> Outcome {
        let decoded_wrongly = self.decoding.as_ref().is_some_and(|decoding| !decoding.differing.is_empty());
        if decoded_wrongly || self.rows.iter().any(|row| row.must_equal && row.differing > 0) {
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

/// A processor that failed at one `max_num_patches`. It has no row there unless it had already differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParityFailure {
    /// The processor's name.
    pub processor: String,
    /// Patches that images are padded to.
    pub max_num_patches: usize,
    /// Images that were compared before the failure.
    pub images: usize,
    /// The error message.
    pub reason: String,
}

/// One image of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CorpusImage {
    /// Where the image comes from, or the generated image's number, purpose, size and pattern.
    pub name: String,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

/// One processor at one `max_num_patches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParityRow {
    /// The processor's name.
    pub processor: String,
    /// Patches that images are padded to.
    pub max_num_patches: usize,
    /// Whether the processor must equal the reference, so that a difference is a failure.
    pub must_equal: bool,
    /// Images compared.
    pub images: usize,
    /// Values compared in all three tensors.
    pub values: u64,
    /// Values whose bits differ.
    pub differing: u64,
    /// The largest absolute difference: 0 if all values are equal or only signs of zero differ, none if a
    /// contract is broken or a value is NaN or infinite.
    pub worst: Option<f64>,
    /// Where the worst difference is, or the first broken contract; empty if all values are equal.
    pub detail: String,
    /// The images that differ, in the order of the corpus.
    pub by_image: Vec<ImageDifference>,
    /// The patches of the image whose `pixel_values` differ most; none if no real patch differs.
    pub heat: Option<Heat>,
}

/// How far one image's outputs are from the reference's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImageDifference {
    /// Its index in [`Parity::images`].
    pub image: usize,
    /// Values in all three tensors whose bits differ; all values of a tensor whose contract is broken.
    pub differing: u64,
    /// The largest absolute difference; none if a contract is broken or a value is NaN or infinite.
    pub worst: Option<f64>,
}

/// The differences of one image's `pixel_values`, patch by patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heat {
    /// Its index in [`Parity::images`].
    pub image: usize,
    /// Rows of patches.
    pub rows: usize,
    /// Patches in a row.
    pub columns: usize,
    /// The largest absolute difference of each patch, row by row: 0 if it is equal, none if a value is NaN or
    /// infinite.
    pub worst: Vec<Option<f64>>,
}

impl Heat {
    /// The largest difference of any patch; infinite if any is none.
    pub fn most(&self) -> f64 {
        self.worst.iter().map(|worst| size(*worst)).fold(0.0, f64::max)
    }
}

/// A saved difference as a number that can be ordered; none becomes infinity.
pub fn size(worst: Option<f64>) -> f64 {
    worst.filter(|worst| !worst.is_nan()).unwrap_or(f64::INFINITY)
}

/// A difference as it is saved; none if it is not finite, which JSON cannot represent.
pub fn saved(worst: f64) -> Option<f64> {
    worst.is_finite().then_some(worst)
}
