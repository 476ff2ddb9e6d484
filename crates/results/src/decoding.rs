//! What `parity` saves about decoding: files whose pixels were held against those of transformers' own loader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Decoded files compared with what their loader gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecodingParity {
    /// Files that were compared.
    pub files: usize,
    /// Files whose size and every pixel are equal.
    pub equal: usize,
    /// The other files, in the order of their names.
    pub differing: Vec<FileDifference>,
}

/// A file that patchmark decodes to other pixels than the loader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDifference {
    /// The file.
    pub file: String,
    /// Values (three per pixel) that differ; all of them if the sizes do, or if the loader does not read the file.
    pub differing: u64,
    /// Values that patchmark decodes.
    pub values: u64,
    /// The largest difference in levels of 8 bits; none if the sizes differ or the loader does not read the file.
    pub worst: Option<u8>,
    /// What else differs: the sizes, or why the loader does not read the file; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}
