//! The forwards that preprocessing is compared with.

use std::fmt;

use anyhow::Result;
use patchmark_results::input_error;
use tch::Device;

use crate::{
    measure::Precision,
    model::{Forward, LoadedModel, Recorded, Siglip2, TextInputs, Tower},
    python::{cuda, graph::CudaGraphs, model::HuggingFaceModel},
};

/// A forward of a bench, and the setting in which it is run.
pub struct TimedForward {
    /// The forward itself.
    pub forward: Box<dyn Forward>,
    /// The dtype of its weights.
    pub precision: Precision,
    /// How much of the model it runs.
    pub tower: Tower,
    /// The index of the run that its times go into; a bench writes one run per dtype and tower.
    pub run: usize,
}

impl TimedForward {
    /// Sets torch's TF32 switch on a GPU to what this forward needs. Called before each of its samples, untimed.
    pub(super) fn prepare(&self, device: Device) -> Result<()> {
        if device.is_cuda() { cuda::allow_tf32(self.precision == Precision::Tf32) } else { Ok(()) }
    }

    /// The batch's text if this forward takes text, otherwise `None`.
    pub(super) fn text<'a>(&self, text: Option<&'a TextInputs>) -> Option<&'a TextInputs> {
        text.filter(|_| self.tower == Tower::Full)
    }

    /// Its name, followed by dtype and tower if the bench has `several` settings.
    pub(super) fn label(&self, several: bool) -> String {
        let name = self.forward.name();
        if several { format!("{name} {} {}", self.precision, self.tower) } else { name.to_owned() }
    }
}

/// An implementation of the forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ForwardKind {
    /// Patchmark's own, in tch.
    Native,
    /// The same as a CUDA graph, which the host submits in one piece.
    NativeGraph,
    /// transformers'.
    #[value(name = "hf")]
    HuggingFace,
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
/// An input error that names the forward.
pub fn check_forwards(kinds: &[ForwardKind], device: Device) -> Result<()> {
    if kinds.contains(&ForwardKind::NativeGraph) && !device.is_cuda() {
        return Err(input_error!(
            "--forward native-graph is a CUDA graph; give --device cuda:N, or leave it out"
        ));
    }
    Ok(())
}

/// Builds each forward over the same weights, which must be on `device`.
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
