//! The samples of one batch size.

use std::collections::BTreeMap;

use patchmark_results::ParityStatus;

use crate::processor::{FedBatch, Stage};

/// A processor's samples at one batch size; it gets no more after it fails.
pub(super) struct Preprocess {
    pub(super) fed: FedBatch,
    pub(super) samples: Vec<f64>,
    /// By the GPU's clock; empty on a CPU.
    pub(super) device: Vec<f64>,
    pub(super) stages: BTreeMap<Stage, Vec<f64>>,
    /// Images per second, by forward.
    pub(super) pipelined: Vec<Vec<f64>>,
    pub(super) pipeline_failure: Option<String>,
    /// Why its stages are no longer timed.
    pub(super) stage_failure: Option<String>,
    pub(super) parity: ParityStatus,
    pub(super) failure: Option<String>,
}

/// A forward's samples at one batch size; it gets no more after it fails.
#[derive(Default)]
pub(super) struct Passes {
    pub(super) synchronized: Vec<f64>,
    pub(super) launch: Vec<f64>,
    /// Images per second with nothing between two passes; empty unless overlap is measured.
    pub(super) back_to_back: Vec<f64>,
    /// By the GPU's clock; empty on a CPU.
    pub(super) device: Vec<f64>,
    /// Milliseconds that transformers' forward spends on resampling positions image by image, and of the whole forward;
    /// empty unless stages are timed.
    pub(super) positions: Vec<(f64, f64)>,
    /// Why `positions` are no longer timed.
    pub(super) stage_failure: Option<String>,
    pub(super) failure: Option<String>,
}
