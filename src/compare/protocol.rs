//! What patchmark and a worker process of another build say to each other: one JSON value a line,
//! questions on the worker's stdin, answers on its stdout.
//!
//! A build keeps answering the versions that older builds ask, as long as base and candidate are
//! apart by less than this number's history.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version that this build speaks.
pub const PROTOCOL: u32 = 1;

/// A worker's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Greeting {
    /// The protocol's version.
    pub patchmark_worker: u32,
    /// The worker's commit.
    pub commit: String,
}

/// What to load. Paths are absolute.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Processors by name.
    pub processors: Vec<String>,
    /// Images in a batch.
    pub batch_sizes: Vec<usize>,
    /// Folder of images; none for the built-in photographs.
    pub images: Option<PathBuf>,
    /// As `--sizes` reads it.
    pub sizes: String,
    /// A preprocessor_config.json.
    pub preprocessor: Option<PathBuf>,
    /// Over the file's value.
    pub max_num_patches: Option<usize>,
    /// Over the file's value.
    pub patch_size: Option<usize>,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Threads of torch and of `threaded`.
    pub threads: usize,
    /// A share of its time that each call is made to take longer; 0 but in tests of the gate itself.
    #[serde(default)]
    pub slowdown: f64,
}

/// A question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Load everything and warm it up; answered by [`Answer::Loaded`].
    Load(Setup),
    /// Time one row once; answered by [`Answer::Took`].
    Take {
        /// Index into the rows loaded.
        row: usize,
        /// Calls that are timed together.
        repeats: u32,
    },
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The rows, in the order of workloads, then batch sizes, then processors.
    Loaded(Vec<LoadedRow>),
    /// Milliseconds a call.
    Took(f64),
    /// The question failed, for this reason.
    Failed(String),
}

/// One row of a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadedRow {
    /// The processor's name.
    pub processor: String,
    /// What it is fed; empty where the build lacks the processor.
    pub feed: String,
    /// The workload's name.
    pub workload: String,
    /// Images in the batch.
    pub batch_size: usize,
    /// A hash of the outputs' bytes, dtypes and shapes.
    pub digest: u64,
    /// Milliseconds of a warm call.
    pub warm_ms: f64,
    /// Why the row cannot be timed, where it cannot.
    pub failure: Option<String>,
}
