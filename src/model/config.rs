//! A checkpoint's `config.json`, as far as the forward pass depends on it.

use std::path::Path;

use anyhow::{Context, Result};
use patchmark_results::{input_error, reading};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The only activation that SigLIP 2 was published with, and the only one computed here.
const ACTIVATION: &str = "gelu_pytorch_tanh";

/// The sizes of both towers.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The image tower.
    pub vision: VisionConfig,
    /// The text tower.
    pub text: TextConfig,
}

/// The sizes of the image tower; the defaults are those of transformers' `Siglip2VisionConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct VisionConfig {
    /// The width of the hidden states, and of the image embedding.
    pub hidden_size: i64,
    /// The width inside the MLPs.
    pub intermediate_size: i64,
    /// The number of encoder layers.
    pub num_hidden_layers: usize,
    /// The number of attention heads; divides `hidden_size`.
    pub num_attention_heads: i64,
    /// The number of colour channels of a pixel.
    pub num_channels: i64,
    /// The side of a patch in pixels.
    pub patch_size: i64,
    /// The epsilon of every layer norm.
    pub layer_norm_eps: f64,
    /// The number of learned positions, which is a square. This is not the limit on an image's patches.
    pub num_patches: i64,
    /// Whether there is a pooling head; always true once validated, because nothing else gives an embedding.
    pub vision_use_head: bool,
    /// The activation inside the MLPs; always `gelu_pytorch_tanh` once validated.
    pub hidden_act: String,
}

/// The sizes of the text tower; the defaults are those of transformers' `Siglip2TextConfig`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct TextConfig {
    /// The width of the hidden states.
    pub hidden_size: i64,
    /// The width inside the MLPs.
    pub intermediate_size: i64,
    /// The number of encoder layers.
    pub num_hidden_layers: usize,
    /// The number of attention heads; divides `hidden_size`.
    pub num_attention_heads: i64,
    /// The number of distinct tokens.
    pub vocab_size: i64,
    /// The length of the longest text in tokens, to which texts are padded.
    pub max_position_embeddings: i64,
    /// The epsilon of every layer norm.
    pub layer_norm_eps: f64,
    /// The width of the text embedding; transformers' default is `hidden_size`.
    #[serde(deserialize_with = "size_or_unset")]
    pub projection_size: i64,
    /// The activation inside the MLPs; always `gelu_pytorch_tanh` once validated.
    pub hidden_act: String,
}

/// Stands for a `projection_size` that is absent or null, until `hidden_size` is known.
const UNSET: i64 = i64::MIN;

fn size_or_unset<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(Option::<i64>::deserialize(deserializer)?.unwrap_or(UNSET))
}

impl Default for VisionConfig {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            patch_size: 16,
            layer_norm_eps: 1e-6,
            num_patches: 256,
            vision_use_head: true,
            hidden_act: ACTIVATION.to_owned(),
        }
    }
}

impl Default for TextConfig {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            vocab_size: 32_000,
            max_position_embeddings: 64,
            layer_norm_eps: 1e-6,
            projection_size: UNSET,
            hidden_act: ACTIVATION.to_owned(),
        }
    }
}

impl Config {
    /// The sizes of `google/siglip2-base-patch16-naflex`.
    pub fn base_naflex() -> Self {
        let text = TextConfig { vocab_size: 256_000, projection_size: 768, ..TextConfig::default() };
        Self { vision: VisionConfig::default(), text }
    }

    /// A model small enough for tests, with every part of the full model.
    pub fn tiny() -> Self {
        let vision = VisionConfig {
            hidden_size: 64,
            intermediate_size: 128,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            ..VisionConfig::default()
        };
        let text = TextConfig {
            hidden_size: 64,
            intermediate_size: 128,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            vocab_size: 1000,
            projection_size: 64,
            ..TextConfig::default()
        };
        Self { vision, text }
    }

    /// Reads and validates `config.json` in a checkpoint's folder.
    ///
    /// # Errors
    /// An [`InputError`](patchmark_results::InputError) if the file is missing or [`Config::parse`] refuses it.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        Self::parse(&reading::text(&path)?).with_context(|| path.display().to_string())
    }

    /// Parses and validates the text of a `config.json`.
    ///
    /// # Errors An [`InputError`](patchmark_results::InputError) if the text is not JSON, the model is not SigLIP 2, or
    /// a value is not supported.
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Root {
            text_config: Option<TextConfig>,
            vision_config: Option<VisionConfig>,
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| input_error!("not a JSON configuration: {error}"))?;
        match value.get("model_type") {
            Some(Value::String(found)) if found == "siglip2" => {}
            Some(Value::String(found)) => {
                return Err(input_error!(
                    "model_type is \"{found}\", but only \"siglip2\" (the NaFlex variant) is supported"
                ));
            }
            _ => return Err(input_error!("model_type is missing; expected \"siglip2\"")),
        }
        let root: Root = serde_json::from_value(value)
            .map_err(|error| input_error!("not a SigLIP 2 configuration: {error}"))?;
        let mut config = Self {
            vision: root.vision_config.unwrap_or_default(),
            text: root.text_config.unwrap_or_default(),
        };
        if config.text.projection_size == UNSET {
            config.text.projection_size = config.text.hidden_size;
        }
        config.validate()?;
        Ok(config)
    }

    /// Refuses values with which no forward pass can be computed.
    ///
    /// # Errors
    /// An [`InputError`](patchmark_results::InputError) that names the field.
    pub fn validate(&self) -> Result<()> {
        let (vision, text) = (&self.vision, &self.text);
        // With these bounds all tensors can be listed, and no product of their sides exceeds i64.
        const SIZE: i64 = 1 << 28;
        const LAYERS: i64 = 1024;
        const SIDE: i64 = 4096;
        let sizes = [
            ("vision_config.hidden_size", vision.hidden_size, SIZE),
            ("vision_config.intermediate_size", vision.intermediate_size, SIZE),
            ("vision_config.num_hidden_layers", vision.num_hidden_layers as i64, LAYERS),
            ("vision_config.num_attention_heads", vision.num_attention_heads, SIZE),
            ("vision_config.num_channels", vision.num_channels, SIZE),
            ("vision_config.patch_size", vision.patch_size, SIDE),
            ("vision_config.num_patches", vision.num_patches, SIZE),
            ("text_config.hidden_size", text.hidden_size, SIZE),
            ("text_config.intermediate_size", text.intermediate_size, SIZE),
            ("text_config.num_hidden_layers", text.num_hidden_layers as i64, LAYERS),
            ("text_config.num_attention_heads", text.num_attention_heads, SIZE),
            ("text_config.vocab_size", text.vocab_size, SIZE),
            ("text_config.max_position_embeddings", text.max_position_embeddings, SIZE),
            ("text_config.projection_size", text.projection_size, SIZE),
        ];
        if let Some((name, size, most)) = sizes.iter().find(|(_, size, most)| !(1..=*most).contains(size)) {
            return Err(input_error!("{name} is {size}; expected a number from 1 to {most}"));
        }
        tower(
            "vision",
            vision.hidden_size,
            vision.num_attention_heads,
            vision.layer_norm_eps,
            &vision.hidden_act,
        )?;
        tower("text", text.hidden_size, text.num_attention_heads, text.layer_norm_eps, &text.hidden_act)?;
        if self.position_side().pow(2) != vision.num_patches {
            return Err(input_error!(
                "vision_config.num_patches is {}; expected a square",
                vision.num_patches
            ));
        }
        if !vision.vision_use_head {
            return Err(input_error!(
                "vision_config.vision_use_head is false, so the model has no image embedding"
            ));
        }
        if text.projection_size != vision.hidden_size {
            return Err(input_error!(
                "text_config.projection_size {} differs from vision_config.hidden_size {}, so texts and images \
                 cannot be compared",
                text.projection_size,
                vision.hidden_size
            ));
        }
        Ok(())
    }

    /// The side of the square grid of learned positions.
    pub(crate) fn position_side(&self) -> i64 {
        (self.vision.num_patches as u64).isqrt() as i64
    }

    /// A `config.json` that transformers' `Siglip2Config.from_dict` accepts.
    pub fn to_json(&self) -> Value {
        let mut config = json!({
            "architectures": ["Siglip2Model"],
            "model_type": "siglip2",
            "vision_config": self.vision,
            "text_config": self.text,
        });
        config["vision_config"]["model_type"] = "siglip2_vision_model".into();
        config["text_config"]["model_type"] = "siglip2_text_model".into();
        // The defaults lie outside a small vocabulary, and the forward pass does not need them.
        for token in ["pad_token_id", "bos_token_id", "eos_token_id"] {
            config["text_config"][token] = Value::Null;
        }
        config
    }
}

/// Checks what the blocks of a tower share.
fn tower(name: &str, hidden: i64, heads: i64, epsilon: f64, activation: &str) -> Result<()> {
    if hidden % heads != 0 {
        return Err(input_error!(
            "{name}_config.hidden_size {hidden} is not divisible by num_attention_heads {heads}"
        ));
    }
    if !(epsilon.is_finite() && epsilon > 0.0) {
        return Err(input_error!("{name}_config.layer_norm_eps is {epsilon}; expected a positive number"));
    }
    if activation != ACTIVATION {
        return Err(input_error!(
            "{name}_config.hidden_act is \"{activation}\"; only \"{ACTIVATION}\" is supported"
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
