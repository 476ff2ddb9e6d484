//! A subject in Python: requests go to `harness.py` as they are.

use std::{ffi::CString, sync::OnceLock};

use anyhow::{Result, anyhow};
use pyo3::{prelude::*, types::PyModule};
use tch::Tensor;

use super::{
    protocol::{Reply, Request},
    serve::Serves,
};
use crate::python;

/// The Python half of a worker.
const HARNESS: &str = include_str!("harness.py");

static MODULE: OnceLock<Py<PyModule>> = OnceLock::new();

/// Starts the interpreter and the harness; later calls return at once.
pub(super) fn start() -> Result<()> {
    if MODULE.get().is_none() {
        python::initialize()?;
        let source = CString::new(HARNESS)?;
        let module = pyo3::Python::attach(|py| {
            PyModule::from_code(py, &source, c"patchmark_harness.py", c"patchmark_harness").map(Bound::unbind)
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
