//! The parameters of a case of the family `naflex`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The parameters of a NaFlex processor as far as they say what its tensors mean. All of them must be in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Naflex {
    /// The side of a patch in pixels.
    pub patch_size: u64,
    /// The number of patches to which an image is resized, at most, and padded.
    pub max_num_patches: u64,
    /// Whether images are resized.
    pub do_resize: bool,
    /// PIL's number of the filter: 2 bilinear, 3 bicubic.
    pub resample: u64,
    /// Whether bytes are multiplied by [`Naflex::rescale_factor`].
    pub do_rescale: bool,
    /// The factor.
    pub rescale_factor: f64,
    /// Whether mean and standard deviation are applied.
    pub do_normalize: bool,
    /// The mean of red, green and blue.
    pub image_mean: [f64; 3],
    /// The standard deviation of red, green and blue.
    pub image_std: [f64; 3],
}

impl Naflex {
    /// Reads them from a case.
    ///
    /// # Errors
    /// A sentence that names what is missing or of another kind.
    pub fn of(parameters: &BTreeMap<String, Value>) -> Result<Self, String> {
        let map = parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let read: Self = serde_json::from_value(Value::Object(map)).map_err(|error| error.to_string())?;
        if read.patch_size == 0 || read.patch_size > u64::from(u16::MAX) {
            return Err(format!("patch_size is {}", read.patch_size));
        }
        // Differences are told in levels, so a level must not vanish beside them.
        match read.levels().iter().all(|level| level.is_finite() && *level > 1e-200) {
            true => Ok(read),
            false => Err("rescale_factor ÷ image_std must be finite and not 0".to_owned()),
        }
    }

    /// One uint8 level of red, green and blue in `pixel_values`.
    pub fn levels(&self) -> [f64; 3] {
        let factor = if self.do_rescale { self.rescale_factor } else { 1.0 };
        self.image_std.map(|std| (factor / if self.do_normalize { std } else { 1.0 }).abs())
    }
}
