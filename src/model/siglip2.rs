//! The whole model, and the trait through which a run calls any implementation of it.

use std::fmt;

use anyhow::{Result, anyhow, bail};
use tch::{Kind, Tensor};

use super::{
    config::Config,
    text::{TextInputs, TextTower},
    vision::VisionTower,
    weights::Weights,
};
use crate::inputs::ModelInputs;

/// How much of the model a forward pass runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Tower {
    /// The image tower only.
    Vision,
    /// Both towers and their comparison.
    Full,
}

impl fmt::Display for Tower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Vision => "vision",
            Self::Full => "full",
        })
    }
}

/// What a forward pass returns, in the weights' dtype and on their device.
///
/// `B` is the number of images, `T` the number of texts, `D` the width of an embedding.
#[derive(Debug)]
pub struct ModelOutputs {
    /// `[B, D]`: pooled image vectors divided by their Euclidean norm, whichever tower ran.
    pub image_embeds: Tensor,
    /// `[T, D]`: normalised text vectors, if the full model ran.
    pub text_embeds: Option<Tensor>,
    /// `[B, T]`: scaled similarities, if the full model ran.
    pub logits_per_image: Option<Tensor>,
}

impl ModelOutputs {
    /// The outputs with `each` applied to every tensor.
    ///
    /// # Errors
    /// The first error of `each`.
    pub(super) fn map(&self, each: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self {
            image_embeds: each(&self.image_embeds)?,
            text_embeds: self.text_embeds.as_ref().map(&each).transpose()?,
            logits_per_image: self.logits_per_image.as_ref().map(&each).transpose()?,
        })
    }
}

/// An implementation of SigLIP 2's forward pass.
pub trait Forward {
    /// The name of the implementation in reports.
    fn name(&self) -> &str;

    /// Runs the model on inputs that are already on its device; `text` is for the full model.
    ///
    /// # Errors
    /// If a shape contradicts another or the model, or an operation fails, for example for lack of memory.
    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs>;

    /// Milliseconds of resampling the position embeddings image by image, and of the whole pass; none if the
    /// implementation does not resample them so. Each part is waited for, so the whole takes longer than a plain pass.
    ///
    /// # Errors
    /// As [`Forward::forward`].
    fn positions_ms(&self, _: &ModelInputs, _: Option<&TextInputs>) -> Result<Option<(f64, f64)>> {
        Ok(None)
    }
}

/// SigLIP 2 on libtorch, for inference, with transformers' semantics.
#[derive(Debug)]
pub struct Siglip2 {
    vision: VisionTower,
    comparison: Option<Comparison>,
}

/// The parts of the full model that are not in the image tower.
#[derive(Debug)]
struct Comparison {
    text: TextTower,
    logit_scale: Tensor,
    logit_bias: Tensor,
}

impl Siglip2 {
    /// Builds the model on the storage of `weights`, which it shares.
    ///
    /// # Errors
    /// If `config` is invalid or `weights` do not belong to it.
    pub fn new(config: &Config, weights: &Weights, tower: Tower) -> Result<Self> {
        config.validate()?;
        let comparison = match tower {
            Tower::Vision => None,
            Tower::Full => Some(Comparison {
                text: TextTower::new(config, weights)?,
                logit_scale: weights.get("logit_scale")?,
                logit_bias: weights.get("logit_bias")?,
            }),
        };
        Ok(Self { vision: VisionTower::new(config, weights)?, comparison })
    }

    /// The position embeddings `[B, N, hidden]` of a batch, which are made once per grid and cached.
    pub(super) fn positions(&self, inputs: &ModelInputs) -> Result<Tensor> {
        self.vision.positions(inputs)
    }

    /// The dtype of the weights.
    pub(super) fn kind(&self) -> Kind {
        self.vision.kind()
    }

    /// The rest of a pass, given the positions. The host does not wait for the device here, so a CUDA graph can record
    /// it.
    pub(super) fn pass(
        &self,
        pixel_values: &Tensor,
        mask: &Tensor,
        positions: &Tensor,
        text: Option<&TextInputs>,
    ) -> Result<ModelOutputs> {
        if self.comparison.is_none() && text.is_some() {
            bail!("texts were given to the image tower");
        }
        let image_embeds = normalised(&self.vision.pool(pixel_values, mask, positions)?)?;
        let Some(comparison) = &self.comparison else {
            return Ok(ModelOutputs { image_embeds, text_embeds: None, logits_per_image: None });
        };
        let text = text.ok_or_else(|| anyhow!("the full model needs texts"))?;
        let text_embeds = normalised(&comparison.text.forward(text)?)?;
        let similarities = text_embeds.f_matmul(&image_embeds.f_transpose(0, 1)?)?;
        let logits_per_text =
            similarities.f_mul(&comparison.logit_scale.f_exp()?)?.f_add(&comparison.logit_bias)?;
        let logits_per_image = Some(logits_per_text.f_transpose(0, 1)?);
        Ok(ModelOutputs { image_embeds, text_embeds: Some(text_embeds), logits_per_image })
    }
}

/// Divides each row of `[rows, D]` by its Euclidean norm.
fn normalised(vectors: &Tensor) -> Result<Tensor> {
    Ok(vectors.f_div(&vectors.f_norm_scalaropt_dim(2, [-1i64], true)?)?)
}

impl Forward for Siglip2 {
    fn name(&self) -> &str {
        "native"
    }

    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs> {
        let _guard = tch::no_grad_guard();
        let positions = self.positions(inputs)?;
        self.pass(&inputs.pixel_values, &inputs.pixel_attention_mask, &positions, text)
    }
}

#[cfg(test)]
#[path = "siglip2_tests.rs"]
mod tests;
