//! The image tower.

use anyhow::{Result, bail};
use patchmark_results::input_error;
use tch::{Kind, Tensor};

use super::{
    attention::{PoolingHead, key_bias},
    config::Config,
    encoder::Encoder,
    layers::{LayerNorm, Linear},
    positions::Positions,
    weights::Weights,
};
use crate::inputs::ModelInputs;

/// Turns patches into one vector per image.
#[derive(Debug)]
pub(super) struct VisionTower {
    patch_embedding: Linear,
    positions: Positions,
    encoder: Encoder,
    norm: LayerNorm,
    head: PoolingHead,
    patch_values: i64,
}

impl VisionTower {
    pub(super) fn new(config: &Config, weights: &Weights) -> Result<Self> {
        let vision = &config.vision;
        let (heads, epsilon) = (vision.num_attention_heads, vision.layer_norm_eps);
        let scope = weights.scope("vision_model");
        let embeddings = scope.child("embeddings");
        Ok(Self {
            patch_embedding: Linear::new(&embeddings.child("patch_embedding"))?,
            positions: Positions::new(&embeddings.child("position_embedding"), config.position_side())?,
            encoder: Encoder::new(&scope.child("encoder"), vision.num_hidden_layers, heads, epsilon)?,
            norm: LayerNorm::new(&scope.child("post_layernorm"), epsilon)?,
            head: PoolingHead::new(&scope.child("head"), heads, epsilon)?,
            patch_values: vision.num_channels * vision.patch_size * vision.patch_size,
        })
    }

    /// The position embeddings `[B, N, hidden]` of a batch. This is the only part of a pass in which the host may have
    /// to wait for the device, to read spatial_shapes.
    pub(super) fn positions(&self, inputs: &ModelInputs) -> Result<Tensor> {
        let (batch, length, values) = inputs.pixel_values.size3()?;
        if values != self.patch_values {
            return Err(input_error!(
                "a patch holds {values} values, but the model takes {}; use the model's patch size as --patch-size",
                self.patch_values
            ));
        }
        if inputs.pixel_attention_mask.size() != [batch, length] {
            bail!(
                "pixel_attention_mask has shape {:?}, but pixel_values require [{batch}, {length}]",
                inputs.pixel_attention_mask.size()
            );
        }
        self.positions.batch(&spatial_shapes(inputs.readable_shapes(), batch)?, length)
    }

    /// The pooled image vectors `[B, hidden]`, not normalised, of patches `[B, N, P·P·3]` in any floating-point dtype,
    /// with their mask `[B, N]` and their [`Self::positions`]. The host does not wait for the device here.
    pub(super) fn pool(&self, pixel_values: &Tensor, mask: &Tensor, positions: &Tensor) -> Result<Tensor> {
        let patches = self.patch_embedding.forward(&pixel_values.f_to_kind(self.kind())?)?;
        let hidden = patches.f_add(positions)?;
        let bias = key_bias(mask, mask.size2()?.1, self.kind())?;
        let hidden = self.norm.forward(&self.encoder.forward(&hidden, Some(&bias))?)?;
        self.head.forward(&hidden, &bias)
    }

    /// The dtype of the weights.
    pub(super) fn kind(&self) -> Kind {
        self.patch_embedding.kind()
    }
}

/// Reads spatial_shapes `[B, 2]` to the host.
fn spatial_shapes(shapes: &Tensor, batch: i64) -> Result<Vec<(i64, i64)>> {
    if shapes.size() != [batch, 2] {
        bail!("spatial_shapes has shape {:?}, but pixel_values require [{batch}, 2]", shapes.size());
    }
    let flat = Vec::<i64>::try_from(&shapes.f_to_kind(Kind::Int64)?.f_reshape([-1])?)?;
    Ok(flat.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}
