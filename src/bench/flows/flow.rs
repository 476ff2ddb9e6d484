//! What a flow is, and what it is given.

use std::sync::Arc;

use anyhow::{Result, bail};
use pyo3::{Py, Python, types::PyList};
use tch::Device;

use crate::{
    inputs::ModelInputs,
    processor::StageClock,
    workload::{DecodedImage, EncodedImage},
};

/// A way from files to model inputs, on a fixed number of threads.
pub trait Flow {
    /// Its name in the table.
    fn name(&self) -> &'static str;

    /// Threads that it may use. Those of torch are set by the caller.
    fn threads(&self) -> usize;

    /// Decodes and processes a batch of files; an enabled clock tells how long decoding took.
    ///
    /// # Errors
    /// If a file cannot be decoded, or processing fails.
    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs>;

    /// Whether it decodes the files to the pixels of `images`.
    ///
    /// # Errors
    /// If a file cannot be decoded.
    fn decodes_to(&self, files: &Files<'_>, images: &[Arc<DecodedImage>]) -> Result<bool>;

    /// Where it computes, which decides what its outputs must be compared with.
    fn computes_on(&self) -> Device;
}

/// The files of a batch, in each form that a flow takes.
pub struct Files<'a> {
    pub(super) encoded: Vec<&'a EncodedImage>,
    pub(super) paths: Py<PyList>,
}

impl<'a> Files<'a> {
    /// Images that are files on disk, with names in UTF-8.
    ///
    /// # Errors
    /// If one is part of the program, or has another name.
    pub(in crate::bench) fn new(encoded: Vec<&'a EncodedImage>) -> Result<Self> {
        let mut paths = Vec::new();
        for image in &encoded {
            match image {
                EncodedImage::File { path, .. } => match path.to_str() {
                    Some(path) => paths.push(path),
                    None => bail!("the name of {} is not UTF-8, as transformers needs it", path.display()),
                },
                EncodedImage::Embedded { name, .. } => bail!("{name} is not a file"),
            }
        }
        let paths = Python::attach(|py| PyList::new(py, paths).map(Into::into))?;
        Ok(Self { encoded, paths })
    }
}
