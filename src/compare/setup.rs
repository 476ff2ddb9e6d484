//! The setup of a comparison, for any kind of base and candidate.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    processor::Parameters,
    workload::{ImageSource, Sizes, Workload},
};

/// The images, batch sizes and parameters of a comparison.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The images.
    pub images: ImageSource,
    /// One row per size.
    pub sizes: Sizes,
    /// One row per batch size.
    pub batch_sizes: Vec<usize>,
    /// The absolute path of a preprocessor_config.json; `None` for NaFlex's parameters.
    pub preprocessor: Option<PathBuf>,
    /// The parameters of both subjects.
    pub parameters: Parameters,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Threads for torch, and for processors with threads of their own.
    pub threads: usize,
    /// A share by which the candidate's times are lengthened; 0 except in tests of the decision itself.
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

    /// The candidate's times with the slowdown, as they are judged.
    pub(super) fn slowed(&self, times: [f64; 2]) -> [f64; 2] {
        times.map(|time| time * (1.0 + self.slowdown))
    }
}
