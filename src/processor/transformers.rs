//! Calls transformers' image processors through embedded Python.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use tch::Tensor;

use super::{
    parameters::{Parameters, decimal},
    stages::Stage,
};
use crate::{
    inputs::ModelInputs,
    python::{from_python, start, tensor_list},
};

/// One of transformers' two implementations, chosen by the library that computes. Class names would not do: they
/// changed their meaning in transformers 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// torchvision operators: the reference.
    Torchvision,
    /// Pillow and numpy.
    Pil,
}

/// The result of one call of transformers' processor.
pub struct Call {
    /// The three tensors.
    pub inputs: ModelInputs,
    /// Seconds by stage; empty unless stages were requested.
    pub stages: Vec<(Stage, f64)>,
}

/// An instance of transformers' class of that backend.
///
/// # Errors
/// If Python cannot start or transformers refuses a parameter.
pub fn processor(backend: Backend, parameters: &Parameters) -> Result<Py<PyAny>> {
    let bridge = start()?;
    Python::attach(|py| {
        let keywords = keywords(py, parameters)?;
        let backend = match backend {
            Backend::Torchvision => "torchvision",
            Backend::Pil => "pil",
        };
        Ok(bridge.bind(py).getattr("processor")?.call1((backend, keywords))?.unbind())
    })
}

/// The parameters as keyword arguments of transformers' class.
pub(super) fn keywords<'py>(py: Python<'py>, parameters: &Parameters) -> Result<Bound<'py, PyDict>> {
    let keywords = PyDict::new(py);
    keywords.set_item("patch_size", parameters.patch_size)?;
    keywords.set_item("max_num_patches", parameters.max_num_patches)?;
    keywords.set_item("image_mean", decimal(parameters.image_mean))?;
    keywords.set_item("image_std", decimal(parameters.image_std))?;
    keywords.set_item("rescale_factor", parameters.rescale_factor)?;
    keywords.set_item("resample", parameters.resample.pil_number())?;
    keywords.set_item("do_resize", parameters.do_resize)?;
    keywords.set_item("do_rescale", parameters.do_rescale)?;
    keywords.set_item("do_normalize", parameters.do_normalize)?;
    Ok(keywords)
}

/// Calls the instance with PIL images, and with `device="cuda:N"` if it has to compute on GPU `N`.
///
/// # Errors
/// Whatever transformers raises, or outputs that break its contract.
pub fn process_pil(
    instance: &Py<PyAny>,
    images: &Py<PyList>,
    gpu: Option<usize>,
    stages: bool,
) -> Result<Call> {
    let in_stages = stages.then_some("process_in_stages");
    Python::attach(|py| process(py, instance, images.bind(py), false, gpu, in_stages))
}

/// Calls the instance with the names of files, which it decodes itself. The only stage is decoding.
///
/// # Errors
/// As [`process_pil`].
pub fn process_paths(
    instance: &Py<PyAny>,
    paths: &Py<PyList>,
    gpu: Option<usize>,
    stages: bool,
) -> Result<Call> {
    let in_stages = stages.then_some("process_paths_in_stages");
    Python::attach(|py| process(py, instance, paths.bind(py), false, gpu, in_stages))
}

/// Calls the instance with uint8 tensors `[3, H, W]`.
///
/// # Errors
/// As [`process_pil`].
pub fn process_chw(
    instance: &Py<PyAny>,
    images: &[Tensor],
    gpu: Option<usize>,
    stages: bool,
) -> Result<Call> {
    let in_stages = stages.then_some("process_in_stages");
    Python::attach(|py| process(py, instance, &tensor_list(py, images)?, true, gpu, in_stages))
}

fn process(
    py: Python<'_>,
    instance: &Py<PyAny>,
    images: &Bound<'_, PyList>,
    channels_first: bool,
    gpu: Option<usize>,
    in_stages: Option<&str>,
) -> Result<Call> {
    let bridge = start()?.bind(py);
    let device = gpu.map(|index| format!("cuda:{index}"));
    let arguments = (instance.bind(py), images, channels_first, device);
    let (outputs, keys, spent): (Vec<Bound<'_, PyAny>>, Vec<String>, BTreeMap<String, f64>) = match in_stages
    {
        Some(name) => bridge.getattr(name)?.call1(arguments)?.extract()?,
        None => {
            let (outputs, keys) = bridge.getattr("process")?.call1(arguments)?.extract()?;
            (outputs, keys, BTreeMap::new())
        }
    };
    ensure!(
        keys == ["pixel_attention_mask", "pixel_values", "spatial_shapes"],
        "transformers returned the keys {keys:?}"
    );
    let [values, mask, shapes] = outputs.as_slice() else {
        anyhow::bail!("transformers returned {} tensors instead of 3", outputs.len());
    };
    let stage = |name: &str| {
        [
            Stage::Decode,
            Stage::Convert,
            Stage::SizeSearch,
            Stage::Resize,
            Stage::Normalize,
            Stage::Patchify,
            Stage::PadStack,
        ]
        .into_iter()
        .find(|stage| stage.name() == name)
    };
    Ok(Call {
        inputs: ModelInputs {
            pixel_values: from_python(values)?,
            pixel_attention_mask: from_python(mask)?,
            spatial_shapes: from_python(shapes)?,
            host_shapes: None,
        },
        stages: spent.into_iter().filter_map(|(name, seconds)| Some((stage(&name)?, seconds))).collect(),
    })
}
