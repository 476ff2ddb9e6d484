//! The parameters of a NaFlex processor, as in `preprocessor_config.json`.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use patchmark_results::{input_error, reading};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How pixels are weighted when an image is resized; both filters widen with the scale (antialiasing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resample {
    /// The filter of NaFlex.
    Bilinear,
    /// The filter of SigLIP 1, with torch's coefficient of −0.5.
    Bicubic,
}

impl Resample {
    /// PIL's number for the filter, which transformers uses.
    pub fn pil_number(self) -> i64 {
        match self {
            Self::Bilinear => 2,
            Self::Bicubic => 3,
        }
    }
}

/// Everything that changes what a processor computes. The defaults are NaFlex's.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The side of a patch in pixels.
    pub patch_size: usize,
    /// The number of patches to which an image is resized, at most, and padded.
    pub max_num_patches: usize,
    /// The mean of each channel (red, green, blue), on rescaled values.
    pub image_mean: [f32; 3],
    /// The standard deviation of each channel.
    pub image_std: [f32; 3],
    /// The factor by which bytes are multiplied before normalising.
    pub rescale_factor: f64,
    /// The filter of the resize.
    pub resample: Resample,
    /// Whether images are resized; if not, both sides must be multiples of the patch size.
    pub do_resize: bool,
    /// Whether bytes are multiplied by the rescale factor.
    pub do_rescale: bool,
    /// Whether mean and standard deviation are applied.
    pub do_normalize: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            patch_size: 16,
            max_num_patches: 256,
            image_mean: [0.5; 3],
            image_std: [0.5; 3],
            rescale_factor: 1.0 / 255.0,
            resample: Resample::Bilinear,
            do_resize: true,
            do_rescale: true,
            do_normalize: true,
        }
    }
}

/// The content of the file: every key is optional, and unknown keys are ignored, as in transformers.
#[derive(Debug, Deserialize)]
struct File {
    patch_size: Option<usize>,
    max_num_patches: Option<usize>,
    image_mean: Option<Channels>,
    image_std: Option<Channels>,
    rescale_factor: Option<f64>,
    do_resize: Option<bool>,
    do_rescale: Option<bool>,
    do_normalize: Option<bool>,
    resample: Option<i64>,
}

/// One number for all channels, or one number per channel.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Channels {
    One(f32),
    Each([f32; 3]),
}

impl Channels {
    fn each(self) -> [f32; 3] {
        match self {
            Self::One(value) => [value; 3],
            Self::Each(values) => values,
        }
    }
}

/// The shortest decimal forms of three f32, as a configuration file would have them.
pub(super) fn decimal(values: [f32; 3]) -> Vec<f64> {
    values.iter().map(|value| value.to_string().parse().unwrap_or(f64::from(*value))).collect()
}

impl Parameters {
    /// The keyword arguments of a subject's call: the two that callers pass, and those that are not the defaults.
    pub fn keywords(&self) -> Map<String, Value> {
        let usual = Self::default().record();
        let passed = |name: &str| matches!(name, "max_num_patches" | "patch_size");
        self.record()
            .into_iter()
            .filter(|(name, value)| passed(name) || usual.get(name) != Some(value))
            .collect()
    }

    /// The parameters under the names of a `preprocessor_config.json`.
    pub fn record(&self) -> BTreeMap<String, Value> {
        let named: [(&str, Value); 9] = [
            ("patch_size", self.patch_size.into()),
            ("max_num_patches", self.max_num_patches.into()),
            ("image_mean", json!(decimal(self.image_mean))),
            ("image_std", json!(decimal(self.image_std))),
            ("rescale_factor", self.rescale_factor.into()),
            ("resample", self.resample.pil_number().into()),
            ("do_resize", self.do_resize.into()),
            ("do_rescale", self.do_rescale.into()),
            ("do_normalize", self.do_normalize.into()),
        ];
        named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Reads a `preprocessor_config.json`; keys that are missing have their default.
    ///
    /// # Errors
    /// An input error that names the file, for unreadable or malformed JSON and for values that
    /// [`Parameters::validate`] refuses.
    pub fn read(path: &Path) -> Result<Self> {
        let text = reading::text(path)?;
        let file: File = serde_json::from_str(&text).map_err(|error| {
            input_error!("{} is not a preprocessor configuration: {error}", path.display())
        })?;
        let default = Self::default();
        let resample = match file.resample {
            None => default.resample,
            Some(number) => [Resample::Bilinear, Resample::Bicubic]
                .into_iter()
                .find(|known| known.pil_number() == number)
                .ok_or_else(|| {
                    input_error!(
                        "{}: resample {number} is not supported; choose bilinear (2) or bicubic (3)",
                        path.display()
                    )
                })?,
        };
        let parameters = Self {
            patch_size: file.patch_size.unwrap_or(default.patch_size),
            max_num_patches: file.max_num_patches.unwrap_or(default.max_num_patches),
            image_mean: file.image_mean.map_or(default.image_mean, Channels::each),
            image_std: file.image_std.map_or(default.image_std, Channels::each),
            rescale_factor: file.rescale_factor.unwrap_or(default.rescale_factor),
            resample,
            do_resize: file.do_resize.unwrap_or(default.do_resize),
            do_rescale: file.do_rescale.unwrap_or(default.do_rescale),
            do_normalize: file.do_normalize.unwrap_or(default.do_normalize),
        };
        parameters.validate().with_context(|| format!("in {}", path.display()))?;
        Ok(parameters)
    }

    /// Refuses values that no processor supports.
    ///
    /// # Errors
    /// An input error naming the parameter and its value.
    pub fn validate(&self) -> Result<()> {
        // Beyond these limits the output of a single image would exceed 1 TB; they also keep i64 products from
        // overflowing.
        for (name, value, limit) in
            [("patch_size", self.patch_size, 4096), ("max_num_patches", self.max_num_patches, 1 << 20)]
        {
            if value == 0 || value > limit {
                return Err(input_error!("{name} is {value}; it must be from 1 to {limit}"));
            }
        }
        if !self.rescale_factor.is_finite() || self.rescale_factor == 0.0 {
            return Err(input_error!(
                "rescale_factor is {}; it must be finite and not 0",
                self.rescale_factor
            ));
        }
        if !self.image_mean.iter().all(|mean| mean.is_finite()) {
            return Err(input_error!("image_mean is {:?}; every mean must be finite", self.image_mean));
        }
        if !self.image_std.iter().all(|std| std.is_finite() && *std != 0.0) {
            return Err(input_error!(
                "image_std is {:?}; every one must be finite and not 0",
                self.image_std
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Parameters> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), text)?;
        Parameters::read(file.path())
    }

    #[test]
    fn an_empty_object_is_the_naflex_default() {
        assert_eq!(read("{}").unwrap(), Parameters::default());
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
        let expected = Parameters { patch_size: 14, ..Parameters::default() };
        assert_eq!(read("\u{feff}{\r\n\"patch_size\": 14\r\n}\r\n").unwrap(), expected);
    }

    #[test]
    fn every_key_is_read() {
        let read = read(
            r#"{"patch_size":14,"max_num_patches":64,"image_mean":[0.1,0.2,0.3],"image_std":0.7,"rescale_factor":0.5,
                "do_resize":false,"do_rescale":false,"do_normalize":false,"resample":3,"image_processor_type":"x"}"#,
        )
        .unwrap();
        let expected = Parameters {
            patch_size: 14,
            max_num_patches: 64,
            image_mean: [0.1, 0.2, 0.3],
            image_std: [0.7; 3],
            rescale_factor: 0.5,
            resample: Resample::Bicubic,
            do_resize: false,
            do_rescale: false,
            do_normalize: false,
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn values_that_cannot_be_served_are_refused() {
        for (text, named) in [
            (r#"{"resample":0}"#, "resample 0"),
            (r#"{"patch_size":0}"#, "patch_size is 0"),
            (r#"{"max_num_patches":0}"#, "max_num_patches is 0"),
            (r#"{"image_std":[0.5,0,0.5]}"#, "image_std"),
            (r#"{"image_mean":[1,2]}"#, "not a preprocessor configuration"),
            (r#"{"rescale_factor":0}"#, "rescale_factor"),
            ("{", "not a preprocessor configuration"),
        ] {
            let message = format!("{:#}", read(text).unwrap_err());
            assert!(message.contains(named), "{text}: {message}");
        }
    }
}
