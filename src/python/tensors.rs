//! Converts tensors between Rust and Python; both sides share the storage.

use anyhow::{Result, anyhow};
use pyo3::{ffi, prelude::*, types::PyList};
use tch::Tensor;

/// The Python object for a tensor.
pub(super) fn to_python<'py>(py: Python<'py>, tensor: &Tensor) -> Result<Bound<'py, PyAny>> {
    let pointer = tensor.pyobject_wrap()?.cast::<ffi::PyObject>();
    // SAFETY: torch returns a new reference to a live object, and the interpreter is attached (`py`).
    Ok(unsafe { Bound::from_owned_ptr(py, pointer) })
}

/// The tensor in a Python object.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<Tensor> {
    // SAFETY: the pointer is borrowed from a live object while the interpreter is attached; torch checks that the
    // object is a tensor and takes its own reference to the storage.
    let tensor = unsafe { Tensor::pyobject_unpack(object.as_ptr().cast()) }?;
    tensor.ok_or_else(|| anyhow!("transformers returned {} where a tensor was expected", object.get_type()))
}

/// A Python list of tensors.
pub(crate) fn list<'py>(py: Python<'py>, tensors: &[Tensor]) -> Result<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for tensor in tensors {
        list.append(to_python(py, tensor)?)?;
    }
    Ok(list)
}
