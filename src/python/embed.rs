//! Python in this process: starting it, and what it reports about itself.

use std::{
    collections::BTreeMap,
    ffi::CString,
    fs,
    sync::{Mutex, OnceLock},
};

use anyhow::{Context, Result, anyhow};
use patchmark_results::input_error;
use pyo3::{prelude::*, types::PyModule};

use super::{initialize, interpreter};

/// The Python side of the bridge: code that is clearer in Python than as calls from Rust.
const BRIDGE: &str = include_str!("bridge.py");

static BRIDGE_MODULE: OnceLock<Py<PyModule>> = OnceLock::new();

/// Held while the interpreter starts, so that two threads cannot both start it.
static STARTING: Mutex<()> = Mutex::new(());

/// Starts the interpreter, imports torch and transformers, and checks that Python's torch is the
/// libtorch of this process. Later calls return at once.
///
/// # Errors
/// An input error if the environment is missing or incomplete; another error if two copies of libtorch are loaded.
pub fn start() -> Result<&'static Py<PyModule>> {
    if let Some(module) = BRIDGE_MODULE.get() {
        return Ok(module);
    }
    let _starting = STARTING.lock().map_err(|_| anyhow!("an earlier start of Python panicked"))?;
    if let Some(module) = BRIDGE_MODULE.get() {
        return Ok(module);
    }
    initialize()?;
    let module = Python::attach(|py| -> PyResult<Py<PyModule>> {
        let source = CString::new(BRIDGE)?;
        importing(py, || {
            Ok(PyModule::from_code(py, &source, c"patchmark_bridge.py", c"patchmark_bridge")?.unbind())
        })
    })
    .map_err(|error| {
        input_error!(
            "{} cannot import what patchmark needs ({error}); run `make setup`",
            interpreter().display()
        )
    })?;
    let copies = libtorch_copies()?;
    // The list is empty if the system does not name mapped files.
    if copies.len() > 1 {
        return Err(anyhow!("{} copies of libtorch are loaded: {}", copies.len(), copies.join(", ")));
    }
    Ok(BRIDGE_MODULE.get_or_init(|| module))
}

/// Imports modules while Python's garbage collector is off. It would scan hundreds of thousands of new objects again and again,
/// although they all stay, which takes up to a third of the time of importing torch and transformers.
///
/// # Errors
/// The exception of an import.
pub(crate) fn importing<T, E: From<PyErr>>(
    py: Python<'_>,
    import: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let collector = py.import("gc")?;
    let enabled: bool = collector.call_method0("isenabled")?.extract()?;
    collector.call_method0("disable")?;
    let imported = import();
    if enabled {
        collector.call_method0("enable")?;
    }
    imported
}

/// Versions of the Python side, by package name.
///
/// # Errors
/// As [`start`].
pub fn versions() -> Result<BTreeMap<String, String>> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("versions")?.call0()?.extract()?))
}

/// The version of NumPy, through which transformers reads the pixels of PIL images.
///
/// # Errors
/// As [`start`].
pub fn numpy_version() -> Result<String> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("numpy_version")?.call0()?.extract()?))
}

/// Runs a script in a separate namespace.
///
/// # Errors
/// As [`start`], and any exception that the script raises.
pub fn run(script: &str) -> Result<()> {
    start()?;
    let script = CString::new(script)?;
    Python::attach(|py| Ok(py.run(&script, Some(&pyo3::types::PyDict::new(py)), None)?))
}

/// torch's vector level, such as `AVX512`.
///
/// # Errors
/// As [`start`].
pub fn cpu_capability() -> Result<String> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("cpu_capability")?.call0()?.extract()?))
}

/// The names of the GPUs that torch sees.
///
/// # Errors
/// As [`start`].
pub fn gpus() -> Result<Vec<String>> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("gpus")?.call0()?.extract()?))
}

/// The driver's identifier of torch's GPU `index`.
///
/// # Errors
/// As [`start`], or if there is no such GPU.
pub fn gpu_uuid(index: usize) -> Result<String> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("gpu_uuid")?.call1((index,))?.extract()?))
}

/// Whether the interpreter's C headers are installed; only a build needs them.
///
/// # Errors
/// As [`start`].
pub fn has_headers() -> Result<bool> {
    let bridge = start()?;
    Python::attach(|py| Ok(bridge.bind(py).getattr("has_headers")?.call0()?.extract()?))
}

/// The distinct `libtorch_cpu` files mapped into this process; more than one is a fault.
///
/// # Errors
/// If `/proc/self/maps` cannot be read.
pub fn libtorch_copies() -> Result<Vec<String>> {
    let maps = fs::read_to_string("/proc/self/maps").context("failed to read /proc/self/maps")?;
    let mut paths: Vec<String> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| line[start..].to_owned()))
        .filter(|path| path.contains("libtorch_cpu"))
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}
