//! The settings of a validation.

use std::{sync::Arc, time::Duration};

use patchmark_results::{CheckRow, CheckVerdict, SkippedFile, Tolerance};

use super::cases::{self, Case, Extent};
use crate::{model::ModelSource, workload::DecodedImage};

/// What a validation checks, compares and times.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What passes as parity.
    pub tolerance: Tolerance,
    /// How many images are compared.
    pub extent: Extent,
    /// How many uses are drawn.
    pub uses: Extent,
    /// Photographs, in addition to the generated images.
    pub photographs: Vec<Arc<DecodedImage>>,
    /// Files of photographs that could not be decoded and were left out.
    pub skipped_files: Vec<SkippedFile>,
    /// Whether the generated images are left out.
    pub only_images: bool,
    /// Values of `max_num_patches`.
    pub limits: Vec<usize>,
    /// Values of `patch_size`.
    pub patch_sizes: Vec<usize>,
    /// Checks to run; empty for all.
    pub only: Vec<String>,
    /// Checks to leave out.
    pub skip: Vec<String>,
    /// Whether the first check that fails ends the validation.
    pub fail_fast: bool,
    /// Seed of the generated images and of round orders.
    pub seed: u64,
    /// Batch sizes to time; empty for none.
    pub batch_sizes: Vec<usize>,
    /// How long timing may take.
    pub budget: Duration,
    /// The smallest relative change of time that counts.
    pub effect: f64,
    /// The model that shows what a difference does to embeddings; none to leave that out.
    pub model: Option<ModelSource>,
}

impl Settings {
    pub(super) fn wants(&self, check: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|each| each == check);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    /// Whether nothing more is to be examined, because a check has failed.
    pub(super) fn is_enough(&self, ledger: &[CheckRow]) -> bool {
        self.fail_fast && ledger.iter().any(|row| row.verdict == CheckVerdict::Failed)
    }

    /// The calls on which values are compared.
    pub(super) fn cases(&self) -> Vec<Case> {
        if !self.only_images {
            return cases::cases(self.extent, &self.photographs, self.seed, &self.limits, &self.patch_sizes);
        }
        let mut cases = Vec::new();
        for image in &self.photographs {
            for &limit in &self.limits {
                for &patch in &self.patch_sizes {
                    let source = cases::Source::Photograph(Arc::clone(image));
                    cases.push(Case { source, limit, patch });
                }
            }
        }
        cases
    }
}
