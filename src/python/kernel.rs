//! What the kernel of `fused-cuda` needs of torch: its stream and its compiler.

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
        // The function behind `torch.cuda.current_stream(index).cuda_stream`, which makes an object on the way and so
        // takes ten times as long; `torch.compile` calls it for the same reason.
        Ok(py.import("torch._C")?.getattr("_cuda_getCurrentRawStream")?.call1((index,))?.extract()?)
    })
}

/// The folder of the CUDA libraries that torch was installed with, NVRTC among them; torch's own where they came
/// with it.
///
/// # Errors
/// If Python cannot start.
pub fn libraries() -> Result<PathBuf> {
    start()?;
    let torch: PathBuf = Python::attach(|py| py.import("torch")?.getattr("__file__")?.extract::<PathBuf>())?;
    let folder = torch.parent().context("torch lies in no folder")?;
    let packages = folder.parent().context("torch lies in no package folder")?.join("nvidia");
    let has_compiler = |folder: &PathBuf| {
        let files = folder.read_dir().into_iter().flatten().flatten();
        files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libnvrtc.so"))
    };
    // `nvidia/cu13/lib` since CUDA 13, `nvidia/cuda_nvrtc/lib` before.
    let mut folders: Vec<PathBuf> =
        packages.read_dir().into_iter().flatten().flatten().map(|entry| entry.path().join("lib")).collect();
    folders.sort();
    Ok(folders.into_iter().find(has_compiler).unwrap_or_else(|| folder.join("lib")))
}
