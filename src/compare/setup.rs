//! What is compared, whoever the two subjects are.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    processor::Parameters,
    workload::{ImageSource, Sizes, Workload},
};

/// Images, batches and parameters of a comparison.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The images.
    pub images: ImageSource,
    /// One row per size.
    pub sizes: Sizes,
    /// One row per batch size.
    pub batch_sizes: Vec<usize>,
    /// A preprocessor_config.json, by its absolute path; none for NaFlex's parameters.
    pub preprocessor: Option<PathBuf>,
    /// What both subjects compute.
    pub parameters: Parameters,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Threads of torch and of processors that have their own.
    pub threads: usize,
    /// A share by which the candidate's times are made longer; 0 but in tests of the decision itself.
    pub slowdown: f64,
}

impl Setup {
    /// The images of each size.
    ///
    /// # Errors
    /// An input error for images that cannot be used.
    pub fn workloads(&self) -> Result<Vec<Workload>> {
        Workload::load_all(&self.images, &self.sizes)
    }

    /// The candidate's times as they are judged.
    pub(super) fn slowed(&self, times: [f64; 2]) -> [f64; 2] {
        times.map(|time| time * (1.0 + self.slowdown))
    }
}
