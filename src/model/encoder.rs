//! The pre-norm transformer encoder that both towers share.

use anyhow::Result;
use tch::Tensor;

use super::{
    attention::SelfAttention,
    layers::{LayerNorm, Mlp},
    weights::Scope,
};

#[derive(Debug)]
struct EncoderLayer {
    norm1: LayerNorm,
    attention: SelfAttention,
    norm2: LayerNorm,
    mlp: Mlp,
}

impl EncoderLayer {
    fn forward(&self, input: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let attended = input.f_add(&self.attention.forward(&self.norm1.forward(input)?, bias)?)?;
        Ok(attended.f_add(&self.mlp.forward(&self.norm2.forward(&attended)?)?)?)
    }
}

/// A stack of encoder layers.
#[derive(Debug)]
pub(super) struct Encoder {
    layers: Vec<EncoderLayer>,
}

impl Encoder {
    pub(super) fn new(scope: &Scope, layers: usize, heads: i64, epsilon: f64) -> Result<Self> {
        let layer = |index: usize| {
            let scope = scope.child("layers").child(&index.to_string());
            Ok(EncoderLayer {
                norm1: LayerNorm::new(&scope.child("layer_norm1"), epsilon)?,
                attention: SelfAttention::new(&scope.child("self_attn"), heads)?,
                norm2: LayerNorm::new(&scope.child("layer_norm2"), epsilon)?,
                mlp: Mlp::new(&scope.child("mlp"))?,
            })
        };
        Ok(Self { layers: (0..layers).map(layer).collect::<Result<_>>()? })
    }

    /// `[B, N, hidden]` → `[B, N, hidden]`; `bias` comes from [`super::attention::key_bias`].
    pub(super) fn forward(&self, input: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let mut hidden = input.shallow_clone();
        for layer in &self.layers {
            hidden = layer.forward(&hidden, bias)?;
        }
        Ok(hidden)
    }
}
