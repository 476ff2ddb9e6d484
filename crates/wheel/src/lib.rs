//! The extension module of the wheel: the command line, for an interpreter that has imported torch.
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

/// What `patchmark/__main__.py` calls.
#[pymodule]
mod _native {
    use super::*;

    /// Runs a command line, the program's name first, and returns the exit code. `python` is the interpreter's
    /// executable and `script` the file that starts patchmark in it, for the processes that patchmark starts.
    #[pyfunction]
    fn main(py: Python<'_>, python: PathBuf, script: PathBuf, arguments: Vec<OsString>) -> u8 {
        // Other threads of patchmark take the interpreter when they need it, so it is not held meanwhile.
        py.detach(|| {
            program::set_host(Host { python, script, arguments });
            let code = Cli::main(program::arguments());
            // A library's output is not flushed when the process ends; where stdout is gone, nobody reads it.
            let _ = io::stdout().flush();
            code
        })
    }
}
