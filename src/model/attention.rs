//! Multi-head attention: within a sequence, and of the pooling probe to a sequence.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use super::{
    layers::{LayerNorm, Linear, Mlp},
    weights::Scope,
};

/// `[B, L, hidden]` → `[B, heads, L, hidden / heads]`.
fn split_heads(input: &Tensor, heads: i64) -> Result<Tensor> {
    let (batch, length, hidden) = input.size3()?;
    Ok(input.f_view([batch, length, heads, hidden / heads])?.f_transpose(1, 2)?)
}

/// Computes attention and joins the heads: `[B, heads, L, hidden / heads]` → `[B, L, hidden]`.
///
/// `bias` is added to the products; see [`key_bias`]. The scale is 1/√(hidden / heads).
fn attend(query: &Tensor, key: &Tensor, value: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let output = Tensor::f_scaled_dot_product_attention(query, key, value, bias, 0.0, false, None, false)?;
    join_heads(&output)
}

/// `[B, heads, L, hidden / heads]` → `[B, L, hidden]`.
fn join_heads(output: &Tensor) -> Result<Tensor> {
    let (batch, heads, length, width) = output.size4()?;
    Ok(output.f_transpose(1, 2)?.f_reshape([batch, length, heads * width])?)
}

/// The bias that is added to the products with the keys, from a 0/1 mask `[B, N]`: zero for real keys, and for padding
/// so negative that its exponential is zero. `[B, 1, 1, N]` of `kind`, or `[B, 1, queries, N]` on a GPU.
///
/// It is made once for all layers, each of which would otherwise turn a boolean mask into such a bias. It is dense on a
/// GPU, because not all attention kernels there support one that is expanded over the queries; on a CPU a dense bias
/// would take 1 to 3% longer. It is finite even in f16. It is made even if nothing is padded, because finding that out
/// would stall a GPU.
pub(super) fn key_bias(mask: &Tensor, queries: i64, kind: Kind) -> Result<Tensor> {
    const UNSEEN: f64 = -65504.0;
    let (batch, length) = mask.size2()?;
    let padding = mask.f_eq(0)?.f_view([batch, 1, 1, length])?;
    let mut bias = Tensor::f_zeros([batch, 1, 1, length], (kind, mask.device()))?;
    let _ = bias.f_masked_fill_(&padding, UNSEEN)?;
    if mask.device() == Device::Cpu { Ok(bias) } else { dense(&bias, queries) }
}

/// `[B, 1, 1, N]` → `[B, 1, queries, N]`.
fn dense(bias: &Tensor, queries: i64) -> Result<Tensor> {
    let (batch, _, _, length) = bias.size4()?;
    Ok(bias.f_expand([batch, 1, queries, length], false)?.f_contiguous()?)
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

    /// `[B, N, hidden]` → `[B, N, hidden]`; `bias` comes from [`key_bias`].
    pub(super) fn forward(&self, input: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let query = split_heads(&self.query.forward(input)?, self.heads)?;
        let key = split_heads(&self.key.forward(input)?, self.heads)?;
        let value = split_heads(&self.value.forward(input)?, self.heads)?;
        self.output.forward(&attend(&query, &key, &value, bias)?)
    }
}

/// Pools a sequence into one vector: a learned probe attends to every real element.
///
/// The attention is `torch.nn.MultiheadAttention`, whose three projections are in one tensor.
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

    /// `[B, N, hidden]` → `[B, hidden]`; `bias` comes from [`key_bias`], for any number of queries.
    ///
    /// Written out as in transformers: with a single query, an attention kernel of a library would not be faster.
    pub(super) fn forward(&self, input: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let (batch, _, hidden) = input.size3()?;
        let probe = self.probe.f_expand([batch, 1, hidden], false)?;
        let query = split_heads(&self.query.forward(&probe)?, self.heads)?;
        let key = split_heads(&self.key.forward(input)?, self.heads)?;
        let value = split_heads(&self.value.forward(input)?, self.heads)?;
        let scale = ((hidden / self.heads) as f64).sqrt().recip();
        let products = query.f_mul_scalar(scale)?.f_matmul(&key.f_transpose(2, 3)?)?;
        let shares = products.f_add(&bias.f_narrow(2, 0, 1)?)?.f_softmax(-1, None)?;
        let residual = self.output.forward(&join_heads(&shares.f_matmul(&value)?)?)?;
        let pooled = residual.f_add(&self.mlp.forward(&self.norm.forward(&residual)?)?)?;
        Ok(pooled.f_select(1, 0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bias_hides_what_is_masked_in_every_dtype() {
        for kind in [Kind::Float, Kind::BFloat16, Kind::Half] {
            let mask = Tensor::from_slice(&[1i32, 1, 0, 1, 1, 1, 0, 0]).view([2, 4]);
            let bias = key_bias(&mask, 4, kind).unwrap();
            assert_eq!((bias.size(), bias.kind()), (vec![2, 1, 1, 4], kind));
            let values = |seed: f64| {
                ((Tensor::arange(2 * 2 * 4 * 8, (Kind::Float, Device::Cpu)) * seed).sin() * 4)
                    .view([2, 2, 4, 8])
                    .to_kind(kind)
            };
            let (query, key, value) = (values(0.7), values(1.3), values(2.9));
            let seen = mask.to_kind(Kind::Bool).view([2, 1, 1, 4]);
            let expected = attend(&query, &key, &value, Some(&seen)).unwrap();
            assert_eq!(attend(&query, &key, &value, Some(&bias)).unwrap(), expected);
            // A dense bias, as on a GPU.
            let dense = dense(&bias, 4).unwrap();
            assert!(dense.is_contiguous() && dense.size() == [2, 1, 4, 4]);
            assert_eq!(attend(&query, &key, &value, Some(&dense)).unwrap(), expected);
            assert_ne!(attend(&query, &key, &value, None).unwrap(), expected);
        }
    }
}
