//! The extension module of the wheel: the command line, for an interpreter that has already imported torch.
#![cfg(feature = "extension-module")]

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
};

use patchmark::{
    commands::Cli,
    program::{self, Host},
};
use pyo3::prelude::*;

/// The module that `patchmark/__main__.py` imports.
#[pymodule]
mod _native {
    use super::*;

    /// Runs a command line, the program's name first, and returns the exit code. `python` is the interpreter's
    /// executable and `script` the file that starts patchmark in it, for the processes that patchmark starts.
    #[pyfunction]
    fn main(py: Python<'_>, python: PathBuf, script: PathBuf, arguments: Vec<OsString>) -> u8 {
        // The interpreter is released meanwhile, as other threads of patchmark attach to it when they need it.
        py.detach(|| {
            program::set_host(Host { python, script, arguments });
            let code = Cli::main(program::arguments());
            // A library's output is not flushed when the process ends. This fails only if nobody reads stdout.
            let _ = io::stdout().flush();
            code
        })
    }
}
