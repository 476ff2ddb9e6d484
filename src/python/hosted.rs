//! The interpreter that loaded patchmark as an extension module.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use pyo3::ffi;

use crate::program;

/// The interpreter's executable.
pub(crate) fn interpreter() -> PathBuf {
    program::host().map_or_else(PathBuf::new, |host| host.python.clone())
}

/// Checks that there is an interpreter, which must have been started before patchmark.
///
/// # Errors
/// If the library was not loaded by an interpreter.
pub(crate) fn initialize() -> Result<()> {
    // SAFETY: may be called at any time, even if no interpreter runs.
    if unsafe { ffi::Py_IsInitialized() } == 0 {
        return Err(anyhow!(
            "patchmark's extension module was not loaded by Python; run `python -m patchmark`"
        ));
    }
    Ok(())
}
