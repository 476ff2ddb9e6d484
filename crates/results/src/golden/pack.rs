//! The definition of a golden pack's `pack.json`.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bumped whenever a reader of the previous version would misread a pack.
pub const PACK_VERSION: u32 = 1;

/// A golden pack, `pack.json`: images and parameters, and the tensors that the reference makes of them. Nothing in it depends
/// on when it was made, so that the same reference gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// Always [`PACK_VERSION`] in what this build writes.
    pub pack_version: u32,
    /// What decides the parameters of a case and the tensors that are expected.
    pub family: Family,
    /// What the expected tensors come from.
    pub origin: PackOrigin,
    /// Tensors under this many bytes are kept whole, others as digests.
    pub full_under: u64,
    /// The images of all cases.
    pub images: Vec<PackImage>,
    /// The cases in order.
    pub cases: Vec<PackCase>,
}

/// What decides shapes and arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// SigLIP 2 with images of any aspect ratio, in patches.
    Naflex,
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Naflex => "naflex",
        })
    }
}

/// The reference that made a pack, and what its bits depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackOrigin {
    /// The version of patchmark.
    pub patchmark: String,
    /// The class of transformers.
    pub class: String,
    /// What the class computes with, such as `torchvision`.
    pub backend: String,
    /// The versions of Python and its packages, by name.
    pub versions: BTreeMap<String, String>,
    /// torch's vector level, such as `AVX2`; below that, torch's resize gives other bits.
    pub cpu_capability: String,
}

/// An image of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackImage {
    /// The PNG file, relative to the pack.
    pub file: String,
    /// Width in pixels.
    pub width: u64,
    /// Height in pixels.
    pub height: u64,
    /// How a pixel is stored: always `RGB`, three bytes.
    pub mode: String,
    /// The SHA-256 of the pixels, row by row from the top, each as red, green and blue, by which a program can tell that it has
    /// read them rightly.
    pub pixels_sha256: String,
}

/// One call of a processor: a batch of images with the parameters of the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PackCase {
    /// Unique in the pack. Its tensors are named `NAME/KEY`.
    pub name: String,
    /// The files of the batch, in order; one may be in it several times.
    pub images: Vec<String>,
    /// The parameters, under the names of `preprocessor_config.json`.
    pub parameters: BTreeMap<String, Value>,
    /// The tensors that the reference gives, by key.
    pub tensors: BTreeMap<String, ExpectedTensor>,
}

impl PackCase {
    /// The name of one of its tensors in a safetensors file.
    pub fn tensor_name(&self, key: &str) -> String {
        format!("{}/{key}", self.name)
    }
}

/// What is known of a tensor of the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedTensor {
    /// The dtype as safetensors writes it: `F32`, `I32`, `I64` or `U8`.
    pub dtype: String,
    /// The shape; the first dimension counts the images.
    pub shape: Vec<u64>,
    /// Whether it is in `expected.safetensors`; otherwise there are only the digests.
    pub whole: bool,
    /// The SHA-256 of each image's part: its values in row-major order, little-endian.
    pub sha256: Vec<String>,
}

impl ExpectedTensor {
    /// The bytes of one value; none for a dtype that packs do not have.
    pub fn value_bytes(&self) -> Option<u64> {
        match self.dtype.as_str() {
            "U8" => Some(1),
            "F32" | "I32" => Some(4),
            "I64" => Some(8),
            _ => None,
        }
    }

    /// The number of values in each image's part; none if it exceeds what can be counted.
    pub fn values_per_image(&self) -> Option<u64> {
        self.shape.iter().skip(1).try_fold(1_u64, |product, side| product.checked_mul(*side))
    }

    /// The bytes of the whole tensor; none if they exceed what can be counted.
    pub fn bytes(&self) -> Option<u64> {
        let images = *self.shape.first()?;
        self.values_per_image()?.checked_mul(self.value_bytes()?)?.checked_mul(images)
    }
}
