//! The samples that gather at one batch size.

use std::collections::BTreeMap;

use patchmark_results::ParityStatus;

use crate::processor::{FedBatch, Stage};

/// A processor's samples at one batch size; none in the rounds after it failed.
pub(super) struct Preprocess {
    pub(super) fed: FedBatch,
    pub(super) samples: Vec<f64>,
    /// By the device's own clock, where there is one.
    pub(super) device: Vec<f64>,
    pub(super) stages: BTreeMap<Stage, Vec<f64>>,
    /// Images a second by forward.
    pub(super) pipelined: Vec<Vec<f64>>,
    pub(super) pipeline_failure: Option<String>,
    /// Why its stages are not timed any more.
    pub(super) stage_failure: Option<String>,
    pub(super) parity: ParityStatus,
    pub(super) failure: Option<String>,
}

/// A forward's samples at one batch size; none in the rounds after it failed.
#[derive(Default)]
pub(super) struct Passes {
    pub(super) synchronized: Vec<f64>,
    pub(super) launch: Vec<f64>,
    /// Images a second with nothing between two passes, where overlap is measured.
    pub(super) back_to_back: Vec<f64>,
    /// By the device's own clock, where there is one.
    pub(super) device: Vec<f64>,
    /// The part of transformers' forward that resamples positions image by image, and the whole, where stages
    /// were asked for.
    pub(super) positions: Vec<(f64, f64)>,
    /// Why they are not timed any more.
    pub(super) stage_failure: Option<String>,
    pub(super) failure: Option<String>,
}
