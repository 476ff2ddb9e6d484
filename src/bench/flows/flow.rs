//! What a flow is, and what it is given.

use std::sync::Arc;

use anyhow::{Context, Result};
use pyo3::{Py, types::PyList};
use tch::Device;

use crate::{
    inputs::ModelInputs,
    processor::StageClock,
    python::path_list,
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
    /// Images that are files on disk.
    ///
    /// # Errors
    /// If one is part of the program.
    pub(in crate::bench) fn new(encoded: Vec<&'a EncodedImage>) -> Result<Self> {
        let path = |image: &&'a EncodedImage| {
            image.path().with_context(|| format!("{} is part of the program, not a file", image.name()))
        };
        let paths = encoded.iter().map(path).collect::<Result<Vec<_>>>()?;
        let paths = path_list(&paths)?;
        Ok(Self { encoded, paths })
    }
}
