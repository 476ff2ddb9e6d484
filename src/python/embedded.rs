//! Starting an interpreter inside patchmark's own binary.

use std::{env, ffi::CString, os::unix::ffi::OsStrExt, path::PathBuf};

use anyhow::{Result, anyhow};
use patchmark_results::input_error;
use pyo3::ffi;

/// The interpreter whose environment holds torch and transformers, as found when patchmark was built.
const BUILD_PYTHON: &str = env!("PATCHMARK_BUILD_PYTHON");

/// The interpreter to embed: `PATCHMARK_PYTHON`, or the interpreter with which patchmark was built.
pub(crate) fn interpreter() -> PathBuf {
    env::var_os("PATCHMARK_PYTHON").map_or_else(|| BUILD_PYTHON.into(), PathBuf::from)
}

/// Initialises Python as if that interpreter had been started, so that its environment is found.
///
/// Nothing is imported yet, because a worker may bring its own transformers.
///
/// # Errors
/// An input error if the environment is missing.
pub(crate) fn initialize() -> Result<()> {
    let executable = interpreter();
    if !executable.exists() {
        return Err(input_error!(
            "the Python environment {} does not exist; run `make setup`, or name another in PATCHMARK_PYTHON",
            executable.display()
        ));
    }
    let path = CString::new(executable.as_os_str().as_bytes())?;
    // SAFETY: no other thread starts an interpreter: `start` holds its lock, and a worker calls this from the only thread
    // that serves. The configuration outlives the calls that read it and is cleared after them, and the thread state is
    // released so that `Python::attach` may take it from any thread.
    unsafe {
        if ffi::Py_IsInitialized() != 0 {
            return Ok(());
        }
        let mut config = std::mem::zeroed::<ffi::PyConfig>();
        ffi::PyConfig_InitPythonConfig(&raw mut config);
        config.install_signal_handlers = 0; // Rust owns Ctrl-C.
        config.parse_argv = 0;
        let status = ffi::PyConfig_SetBytesString(&raw mut config, &raw mut config.executable, path.as_ptr());
        let status = if ffi::PyStatus_Exception(status) == 0 {
            ffi::Py_InitializeFromConfig(&raw const config)
        } else {
            status
        };
        ffi::PyConfig_Clear(&raw mut config);
        if ffi::PyStatus_Exception(status) != 0 {
            return Err(anyhow!("{} could not be started inside patchmark", executable.display()));
        }
        ffi::PyEval_SaveThread();
    }
    Ok(())
}
