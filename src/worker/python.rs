//! A subject in Python: requests are passed to `harness/main.py` unchanged.

use std::{ffi::CString, sync::OnceLock};

use anyhow::{Result, anyhow};
use pyo3::{prelude::*, types::PyModule};
use tch::Tensor;

use super::{
    protocol::{Reply, Request},
    serves::Serves,
};
use crate::python;

/// The Python half of a worker, in import order: each module imports only modules before it.
const HARNESS: [(&str, &str); 7] = [
    ("patchmark_harness_classes", include_str!("harness/classes.py")),
    ("patchmark_harness_state", include_str!("harness/state.py")),
    ("patchmark_harness_inputs", include_str!("harness/inputs.py")),
    ("patchmark_harness_outputs", include_str!("harness/outputs.py")),
    ("patchmark_harness_uses", include_str!("harness/uses.py")),
    ("patchmark_harness_subject", include_str!("harness/subject.py")),
    ("patchmark_harness", include_str!("harness/main.py")),
];

static MODULE: OnceLock<Py<PyModule>> = OnceLock::new();

/// Starts the interpreter and the harness; later calls return at once.
pub(super) fn start() -> Result<()> {
    if MODULE.get().is_none() {
        python::initialize()?;
        let module = pyo3::Python::attach(|py| -> Result<Py<PyModule>> {
            python::importing(py, || {
                let mut last = None;
                for (name, source) in HARNESS {
                    let (file, name) = (CString::new(format!("{name}.py"))?, CString::new(name)?);
                    last = Some(PyModule::from_code(py, &CString::new(source)?, &file, &name)?.unbind());
                }
                last.ok_or_else(|| anyhow!("the harness has no modules"))
            })
        })?;
        MODULE.get_or_init(|| module);
    }
    Ok(())
}

/// The class that the harness has loaded.
pub(super) struct Python;

impl Python {
    pub(super) fn load(request: &Request) -> Result<(Reply, Self)> {
        Ok((handle(request)?.0, Self))
    }
}

impl Serves for Python {
    fn answer(&mut self, request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)> {
        handle(request)
    }
}

fn handle(request: &Request) -> Result<(Reply, Vec<(String, Tensor)>)> {
    let module = MODULE.get().ok_or_else(|| anyhow!("the harness is not loaded"))?;
    let text = serde_json::to_string(request)?;
    pyo3::Python::attach(|py| {
        let (reply, names, tensors): (String, Vec<String>, Vec<Bound<'_, PyAny>>) =
            module.bind(py).getattr("handle")?.call1((text,))?.extract()?;
        let tensors = names
            .into_iter()
            .zip(&tensors)
            .map(|(name, tensor)| Ok((name, python::from_python(tensor)?)))
            .collect::<Result<_>>()?;
        Ok((serde_json::from_str(&reply)?, tensors))
    })
}
