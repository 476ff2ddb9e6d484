//! torch's `DataLoader`, running transformers' processor in worker processes.

use std::{fs, sync::Arc};

use anyhow::{Context, Result, anyhow};
use pyo3::{prelude::*, types::PyList};
use tempfile::TempDir;

use super::{parameters::Parameters, transformers::keywords};
use crate::{
    inputs::ModelInputs,
    python::{from_python, pil_images, start},
    workload::DecodedImage,
};

/// The module that loader and workers import.
const SOURCE: &str = include_str!("dataloader.py");
/// The name under which they import it.
const MODULE: &str = "patchmark_loader";

/// A loader that returns the same batch endlessly; dropping it ends its workers.
pub struct Loader {
    batches: Option<Py<PyAny>>,
    /// The folder from which workers import the module; removed when the loader is dropped.
    folder: TempDir,
}

impl Loader {
    /// A loader that repeats `images`, from `workers` processes that each start their own Python; with 0 the caller's
    /// thread does the work. With `pinned`, batches are put into page-locked memory.
    ///
    /// # Errors
    /// If Python or a temporary folder fails.
    pub fn new(
        images: &[Arc<DecodedImage>],
        workers: usize,
        parameters: &Parameters,
        pinned: bool,
    ) -> Result<Self> {
        start()?;
        let folder = tempfile::Builder::new().prefix("patchmark-loader-").tempdir()?;
        let file = folder.path().join(format!("{MODULE}.py"));
        fs::write(&file, SOURCE).with_context(|| format!("failed to write {}", file.display()))?;
        let images = pil_images(images)?;
        let batches = Python::attach(|py| -> Result<Py<PyAny>> {
            // As a `str`: Python ignores a `Path` in `sys.path`.
            path(py)?.insert(0, folder.path().as_os_str())?;
            // Each loader has its own folder, and workers import from the present `sys.path`.
            let modules = py.import("sys")?.getattr("modules")?;
            modules.call_method1("pop", (MODULE, py.None()))?;
            let module = py.import(MODULE)?;
            let keywords = keywords(py, parameters)?;
            let file = folder.path().join("images.pickle");
            Ok(module.getattr("batches")?.call1((images, workers, keywords, pinned, file))?.unbind())
        })
        .context("torch's DataLoader could not be started")?;
        Ok(Self { batches: Some(batches), folder })
    }

    /// The next batch, in host memory.
    ///
    /// # Errors
    /// If a worker fails or ends.
    pub fn next(&self) -> Result<ModelInputs> {
        let batches = self.batches.as_ref().context("the loader was ended")?;
        Python::attach(|py| {
            let batch: Vec<Bound<'_, PyAny>> = batches.call_method0(py, "__next__")?.bind(py).extract()?;
            let [values, mask, shapes] = batch.as_slice() else {
                return Err(anyhow!("the DataLoader returned {} tensors instead of 3", batch.len()));
            };
            Ok(ModelInputs {
                pixel_values: from_python(values)?,
                pixel_attention_mask: from_python(mask)?,
                spatial_shapes: from_python(shapes)?,
                host_shapes: None,
            })
        })
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        Python::attach(|py| {
            // Dropping the iterator ends the workers.
            drop(self.batches.take());
            if let Ok(path) = path(py) {
                // A folder that no longer exists does no harm in `sys.path`.
                let _ = path.call_method1("remove", (self.folder.path().as_os_str(),));
            }
        });
    }
}

/// `sys.path`.
fn path(py: Python<'_>) -> Result<Bound<'_, PyList>> {
    let path = py.import("sys")?.getattr("path")?;
    path.cast_into::<PyList>().map_err(|error| anyhow!("sys.path is not a list: {error}"))
}
