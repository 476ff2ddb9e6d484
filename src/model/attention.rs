//! Multi-head attention: within a sequence, and from the pooling probe to a sequence.

use anyhow::Result;
use tch::Tensor;

use super::layers::{LayerNorm, Linear, Mlp};
use super::weights::Scope;

/// `[B, L, hidden]` → `[B, heads, L, hidden / heads]`.
fn split_heads(input: &Tensor, heads: i64) -> Result<Tensor> {
    let (batch, length, hidden) = input.size3()?;
    Ok(input.f_view([batch, length, heads, hidden / heads])?.f_transpose(1, 2)?)
}

/// Attends and joins the heads again: `[B, heads, L, hidden / heads]` → `[B, L, hidden]`.
///
/// `mask` is boolean and true where a key may be seen. The scale is 1/√(hidden / heads).
fn attend(query: &Tensor, key: &Tensor, value: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (batch, heads, length, width) = query.size4()?;
    let output = Tensor::f_scaled_dot_product_attention(query, key, value, mask, 0.0, false, None, false)?;
    Ok(output.f_transpose(1, 2)?.f_reshape([batch, length, heads * width])?)
}

/// The boolean mask `[B, 1, 1, N]` of a 0/1 mask `[B, N]`, true where an element is real.
///
/// It is passed even where nothing is padded: to find that out would stall a GPU.
pub(super) fn key_mask(mask: &Tensor) -> Result<Tensor> {
    Ok(mask.f_ne(0)?.f_unsqueeze(1)?.f_unsqueeze(1)?)
}

/// Self-attention of an encoder layer.
#[derive(Debug)]
pub(super) struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: i64,
}

impl SelfAttention {
    pub(super) fn new(scope: &Scope, heads: i64) -> Result<Self> {
        Ok(Self {
            query: Linear::new(&scope.child("q_proj"))?,
            key: Linear::new(&scope.child("k_proj"))?,
            value: Linear::new(&scope.child("v_proj"))?,
            output: Linear::new(&scope.child("out_proj"))?,
            heads,
        })
    }

    /// `[B, N, hidden]` → `[B, N, hidden]`; `mask` is `[B, 1, 1, N]`.
    pub(super) fn forward(&self, input: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let query = split_heads(&self.query.forward(input)?, self.heads)?;
        let key = split_heads(&self.key.forward(input)?, self.heads)?;
        let value = split_heads(&self.value.forward(input)?, self.heads)?;
        self.output.forward(&attend(&query, &key, &value, mask)?)
    }
}

/// Pools a sequence into one vector: a learned probe attends to every real element of it.
///
/// The attention is `torch.nn.MultiheadAttention`, whose three projections lie in one tensor.
#[derive(Debug)]
pub(super) struct PoolingHead {
    probe: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norm: LayerNorm,
    mlp: Mlp,
    heads: i64,
}

impl PoolingHead {
    pub(super) fn new(scope: &Scope, heads: i64, epsilon: f64) -> Result<Self> {
        let probe = scope.get("probe")?;
        let (_, _, hidden) = probe.size3()?;
        let attention = scope.child("attention");
        let (weight, bias) = (attention.get("in_proj_weight")?, attention.get("in_proj_bias")?);
        Ok(Self {
            probe,
            query: Linear::rows(&weight, &bias, 0, hidden)?,
            key: Linear::rows(&weight, &bias, hidden, hidden)?,
            value: Linear::rows(&weight, &bias, 2 * hidden, hidden)?,
            output: Linear::new(&attention.child("out_proj"))?,
            norm: LayerNorm::new(&scope.child("layernorm"), epsilon)?,
            mlp: Mlp::new(&scope.child("mlp"))?,
            heads,
        })
    }

    /// `[B, N, hidden]` → `[B, hidden]`; `mask` is `[B, 1, 1, N]`.
    pub(super) fn forward(&self, input: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (batch, _, hidden) = input.size3()?;
        let probe = self.probe.f_expand([batch, 1, hidden], false)?;
        let query = split_heads(&self.query.forward(&probe)?, self.heads)?;
        let key = split_heads(&self.key.forward(input)?, self.heads)?;
        let value = split_heads(&self.value.forward(input)?, self.heads)?;
        let residual = self.output.forward(&attend(&query, &key, &value, Some(mask))?)?;
        let pooled = residual.f_add(&self.mlp.forward(&self.norm.forward(&residual)?)?)?;
        Ok(pooled.f_select(1, 0)?)
    }
}
