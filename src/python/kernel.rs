//! What the kernel of `fused-cuda` needs from torch: its current stream and its compiler.

use std::path::PathBuf;

use anyhow::{Context, Result};
use pyo3::prelude::*;

use super::start;

/// The raw handle of torch's current stream on CUDA device `index`; 0 is the default stream.
///
/// # Errors
/// If Python cannot start, or torch has no such device.
pub fn current_stream(index: usize) -> Result<u64> {
    start()?;
    Python::attach(|py| {
        // The function behind `torch.cuda.current_stream(index).cuda_stream`, which takes ten times as long because it
        // makes an object; `torch.compile` calls this function for the same reason.
        Ok(py.import("torch._C")?.getattr("_cuda_getCurrentRawStream")?.call1((index,))?.extract()?)
    })
}

/// The folder of the CUDA libraries that were installed with torch, including NVRTC; torch's own folder if it contains
/// them.
///
/// # Errors
/// If Python cannot start.
pub fn libraries() -> Result<PathBuf> {
    start()?;
    let torch: PathBuf = Python::attach(|py| py.import("torch")?.getattr("__file__")?.extract::<PathBuf>())?;
    let folder = torch.parent().context("torch has no folder")?;
    let packages = folder.parent().context("torch has no package folder")?.join("nvidia");
    let has_compiler = |folder: &PathBuf| {
        let files = folder.read_dir().into_iter().flatten().flatten();
        files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libnvrtc.so"))
    };
    // `nvidia/cu13/lib` since CUDA 13, `nvidia/cuda_nvrtc/lib` before that.
    let mut folders: Vec<PathBuf> =
        packages.read_dir().into_iter().flatten().flatten().map(|entry| entry.path().join("lib")).collect();
    folders.sort();
    Ok(folders.into_iter().find(has_compiler).unwrap_or_else(|| folder.join("lib")))
}
