//! The forwards that preprocessing is held against.

use std::{fmt, str::FromStr};

use anyhow::Result;
use tch::Device;

use crate::{
    input_error,
    model::{Forward, LoadedModel, Recorded, Siglip2, Tower},
    python::{graph::CudaGraphs, model::HuggingFaceModel},
};

/// Whose forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardKind {
    /// Patchmark's own, in tch.
    Native,
    /// The same as a CUDA graph, which the host submits in one piece.
    NativeGraph,
    /// transformers'.
    HuggingFace,
}

impl FromStr for ForwardKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "native" => Ok(Self::Native),
            "native-graph" => Ok(Self::NativeGraph),
            "hf" => Ok(Self::HuggingFace),
            _ => Err("choose native, native-graph or hf".into()),
        }
    }
}

impl fmt::Display for ForwardKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Native => "native",
            Self::NativeGraph => "native-graph",
            Self::HuggingFace => "hf",
        })
    }
}

/// Refuses a forward that `device` cannot run, before anything slow starts.
///
/// # Errors
/// An input error that names it.
pub fn check_forwards(kinds: &[ForwardKind], device: Device) -> Result<()> {
    if kinds.contains(&ForwardKind::NativeGraph) && !device.is_cuda() {
        return Err(input_error!(
            "--forward native-graph is a CUDA graph; give --device cuda:N, or leave it out"
        ));
    }
    Ok(())
}

/// Builds each forward over the same weights, which are on `device`.
///
/// # Errors
/// If the weights do not fit, Python cannot start, or as [`check_forwards`].
pub fn build_forwards(
    kinds: &[ForwardKind],
    model: &LoadedModel,
    tower: Tower,
    device: Device,
) -> Result<Vec<Box<dyn Forward>>> {
    check_forwards(kinds, device)?;
    let native = || Siglip2::new(&model.config, &model.weights, tower);
    let mut forwards: Vec<Box<dyn Forward>> = Vec::with_capacity(kinds.len());
    for kind in kinds {
        forwards.push(match (kind, device) {
            (ForwardKind::NativeGraph, Device::Cuda(index)) => {
                Box::new(Recorded::new(native()?, CudaGraphs::new(index)?))
            }
            (ForwardKind::HuggingFace, _) => Box::new(HuggingFaceModel::new(model, tower)?),
            _ => Box::new(native()?),
        });
    }
    Ok(forwards)
}
