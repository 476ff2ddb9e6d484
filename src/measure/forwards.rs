//! The forwards that preprocessing is held against.

use std::{fmt, str::FromStr};

use anyhow::Result;

use crate::{
    model::{Forward, LoadedModel, Siglip2, Tower},
    python::model::HuggingFaceModel,
};

/// Whose forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardKind {
    /// Patchmark's own, in tch.
    Native,
    /// transformers'.
    HuggingFace,
}

impl FromStr for ForwardKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "native" => Ok(Self::Native),
            "hf" => Ok(Self::HuggingFace),
            _ => Err("choose native or hf".into()),
        }
    }
}

impl fmt::Display for ForwardKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Native => "native",
            Self::HuggingFace => "hf",
        })
    }
}

/// Builds each forward over the same weights.
///
/// # Errors
/// If the weights do not fit or Python cannot start.
pub fn build_forwards(
    kinds: &[ForwardKind],
    model: &LoadedModel,
    tower: Tower,
) -> Result<Vec<Box<dyn Forward>>> {
    kinds
        .iter()
        .map(|kind| -> Result<Box<dyn Forward>> {
            Ok(match kind {
                ForwardKind::Native => Box::new(Siglip2::new(&model.config, &model.weights, tower)?),
                ForwardKind::HuggingFace => Box::new(HuggingFaceModel::new(model, tower)?),
            })
        })
        .collect()
}
