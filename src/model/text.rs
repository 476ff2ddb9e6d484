//! The text tower.

use anyhow::Result;
use patchmark_results::input_error;
use tch::Tensor;

use super::{
    attention::key_bias,
    config::Config,
    encoder::Encoder,
    layers::{LayerNorm, Linear},
    weights::Weights,
};

/// Tokenised texts, all padded to the same length.
#[derive(Debug)]
pub struct TextInputs {
    /// i64 `[T, L]`: the token ids of `T` texts, each of `L` = `max_position_embeddings` (64) tokens.
    pub input_ids: Tensor,
    /// i64 `[T, L]`: 1 for real tokens, 0 for padding; none if the model attends to padding, as in its training.
    pub attention_mask: Option<Tensor>,
}

impl TextInputs {
    /// The same texts on another device.
    ///
    /// # Errors
    /// If the device has no memory left.
    pub fn to_device(&self, device: tch::Device) -> Result<Self> {
        let mask = self.attention_mask.as_ref().map(|mask| mask.f_to_device(device)).transpose()?;
        Ok(Self { input_ids: self.input_ids.f_to_device(device)?, attention_mask: mask })
    }

    /// The first `count` texts, as views of the same storage.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn first(&self, count: usize) -> Result<Self> {
        let cut = |tensor: &Tensor| tensor.f_narrow(0, 0, count as i64);
        Ok(Self {
            input_ids: cut(&self.input_ids)?,
            attention_mask: self.attention_mask.as_ref().map(cut).transpose()?,
        })
    }

    /// Another handle to the same storage.
    pub fn shallow_clone(&self) -> Self {
        let mask = self.attention_mask.as_ref().map(Tensor::shallow_clone);
        Self { input_ids: self.input_ids.shallow_clone(), attention_mask: mask }
    }
}

/// Turns token ids into one vector per text.
#[derive(Debug)]
pub(super) struct TextTower {
    tokens: Tensor,
    positions: Tensor,
    encoder: Encoder,
    norm: LayerNorm,
    head: Linear,
}

impl TextTower {
    pub(super) fn new(config: &Config, weights: &Weights) -> Result<Self> {
        let text = &config.text;
        let epsilon = text.layer_norm_eps;
        let scope = weights.scope("text_model");
        let embeddings = scope.child("embeddings");
        let heads = text.num_attention_heads;
        Ok(Self {
            tokens: embeddings.get("token_embedding.weight")?,
            positions: embeddings.get("position_embedding.weight")?,
            encoder: Encoder::new(&scope.child("encoder"), text.num_hidden_layers, heads, epsilon)?,
            norm: LayerNorm::new(&scope.child("final_layer_norm"), epsilon)?,
            head: Linear::new(&scope.child("head"))?,
        })
    }

    /// The projected text vectors `[T, projection]`, not normalised.
    pub(super) fn forward(&self, inputs: &TextInputs) -> Result<Tensor> {
        let (_, length) = inputs.input_ids.size2()?;
        let (limit, _) = self.positions.size2()?;
        if length > limit {
            return Err(input_error!("texts are {length} tokens long, but the model takes at most {limit}"));
        }
        let tokens = Tensor::f_embedding(&self.tokens, &inputs.input_ids, -1, false, false)?;
        let hidden = tokens.f_add(&self.positions.f_narrow(0, 0, length)?)?;
        let bias = |mask| key_bias(mask, length, self.tokens.kind());
        let bias = inputs.attention_mask.as_ref().map(bias).transpose()?;
        let hidden = self.norm.forward(&self.encoder.forward(&hidden, bias.as_ref())?)?;
        // The last token, even if it is padding, as in training.
        self.head.forward(&hidden.f_select(1, -1)?)
    }
}
