//! The layers of which both towers consist.

use anyhow::Result;
use tch::Tensor;

use super::weights::Scope;

/// `y = x·Wᵀ + b`.
#[derive(Debug)]
pub(super) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub(super) fn new(scope: &Scope) -> Result<Self> {
        Ok(Self { weight: scope.get("weight")?, bias: scope.get("bias")? })
    }

    /// Rows `start..start + length` of a packed projection, as views of its storage.
    pub(super) fn rows(weight: &Tensor, bias: &Tensor, start: i64, length: i64) -> Result<Self> {
        Ok(Self { weight: weight.f_narrow(0, start, length)?, bias: bias.f_narrow(0, start, length)? })
    }

    /// `[…, in]` → `[…, out]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        Ok(input.f_linear(&self.weight, Some(&self.bias))?)
    }

    pub(super) fn kind(&self) -> tch::Kind {
        self.weight.kind()
    }
}

/// Layer norm over the last dimension.
#[derive(Debug)]
pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl LayerNorm {
    pub(super) fn new(scope: &Scope, epsilon: f64) -> Result<Self> {
        Ok(Self { weight: scope.get("weight")?, bias: scope.get("bias")?, epsilon })
    }

    /// `[…, hidden]` → `[…, hidden]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let shape = self.weight.size();
        Ok(input.f_layer_norm(&shape, Some(&self.weight), Some(&self.bias), self.epsilon, true)?)
    }
}

/// Two linear layers with tanh-approximated GELU between them.
#[derive(Debug)]
pub(super) struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    pub(super) fn new(scope: &Scope) -> Result<Self> {
        Ok(Self { fc1: Linear::new(&scope.child("fc1"))?, fc2: Linear::new(&scope.child("fc2"))? })
    }

    /// `[…, hidden]` → `[…, hidden]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        self.fc2.forward(&self.fc1.forward(input)?.f_gelu("tanh")?)
    }
}
