//! transformers' own `Siglip2Model`, with the same weights.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};
use tch::Tensor;

use super::{start, tensors};
use crate::{
    inputs::ModelInputs,
    model::{Forward, LoadedModel, ModelOutputs, TextInputs, Tower},
};

/// transformers' forward, sharing the storage of the native model's weights.
pub struct HuggingFaceModel {
    instance: Py<PyAny>,
    tower: Tower,
}

impl HuggingFaceModel {
    /// Builds a `Siglip2Model` without memory and gives it the loaded tensors.
    ///
    /// # Errors
    /// If Python cannot start or the weights do not fit.
    pub fn new(model: &LoadedModel, tower: Tower) -> Result<Self> {
        let bridge = start()?;
        let instance = Python::attach(|py| -> Result<Py<PyAny>> {
            let state = PyDict::new(py);
            for (name, tensor) in model.weights.iter() {
                state.set_item(name, tensors::to_python(py, tensor)?)?;
            }
            let config = py.import("json")?.getattr("loads")?.call1((model.config.to_json().to_string(),))?;
            let model = bridge.bind(py).getattr("model")?.call1((config, state, tower.to_string()))?;
            Ok(model.unbind())
        })
        .context("failed to build transformers' Siglip2Model")?;
        Ok(Self { instance, tower })
    }
}

impl Forward for HuggingFaceModel {
    fn name(&self) -> &str {
        "hf"
    }

    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs> {
        let bridge = start()?;
        Python::attach(|py| {
            let bridge = bridge.bind(py);
            let outputs = bridge.getattr("forward")?.call1(self.arguments(py, inputs, text)?)?;
            let outputs: Vec<Bound<'_, PyAny>> = outputs.extract()?;
            match outputs.as_slice() {
                [pooled] => Ok(ModelOutputs {
                    image_embeds: normalized(&tensors::from_python(pooled)?)?,
                    text_embeds: None,
                    logits_per_image: None,
                }),
                [image, text, logits] => Ok(ModelOutputs {
                    image_embeds: tensors::from_python(image)?,
                    text_embeds: Some(tensors::from_python(text)?),
                    logits_per_image: Some(tensors::from_python(logits)?),
                }),
                other => {
                    Err(anyhow!("transformers' forward returned {} tensors instead of 1 or 3", other.len()))
                }
            }
        })
    }

    fn positions_ms(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<Option<(f64, f64)>> {
        let bridge = start()?;
        Python::attach(|py| {
            let arguments = self.arguments(py, inputs, text)?;
            let seconds = bridge.bind(py).getattr("forward_in_stages")?.call1(arguments)?;
            let (positions, whole): (f64, f64) = seconds.extract()?;
            Ok(Some((positions * 1e3, whole * 1e3)))
        })
    }
}

impl HuggingFaceModel {
    /// The arguments of the bridge's `forward` and `forward_in_stages`.
    fn arguments<'py>(
        &self,
        py: Python<'py>,
        inputs: &ModelInputs,
        text: Option<&TextInputs>,
    ) -> Result<Bound<'py, PyTuple>> {
        let mut arguments = vec![self.instance.bind(py).clone()];
        for (_, tensor) in inputs.named() {
            arguments.push(tensors::to_python(py, tensor)?);
        }
        if self.tower == Tower::Full {
            let text = text.ok_or_else(|| anyhow!("the full model needs texts as well as images"))?;
            arguments.push(tensors::to_python(py, &text.input_ids)?);
            arguments.push(match &text.attention_mask {
                Some(mask) => tensors::to_python(py, mask)?,
                None => py.None().into_bound(py),
            });
        }
        Ok(PyTuple::new(py, arguments)?)
    }
}

/// Divides rows by their Euclidean norm, as the full model does.
fn normalized(embeds: &Tensor) -> Result<Tensor> {
    let norm = embeds.f_norm_scalaropt_dim(2.0, [-1], true)?;
    Ok(embeds.f_div(&norm)?)
}

/// The local folder of a hub repository's checkpoint, downloaded through huggingface_hub.
///
/// # Errors
/// An input error if the hub cannot be reached or has no such repository.
pub fn download(repository: &str) -> Result<PathBuf> {
    let bridge = start()?;
    Python::attach(|py| bridge.bind(py).getattr("download")?.call1((repository,))?.extract::<PathBuf>()).map_err(
        |error| {
            patchmark_results::input_error!(
                "the hub repository {repository} could not be fetched ({error}); give a local checkpoint folder instead"
            )
        },
    )
}
