//! Times of the kernel of `fused-cuda` and of a copy on the same GPU, as `kernel-bench` prints them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bumped whenever a reader of the previous version would misread a result.
pub const KERNEL_BENCH_VERSION: u32 = 1;

/// One result of `kernel-bench`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelBench {
    /// Always `kernel-bench`.
    pub kind: String,
    /// Always [`KERNEL_BENCH_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// The GPU's name.
    pub gpu: String,
    /// One row per image size, batch size and dtype.
    pub rows: Vec<KernelRow>,
}

/// One launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KernelRow {
    /// Width and height of the images in pixels.
    pub image: [usize; 2],
    /// Images per launch.
    pub batch: usize,
    /// `f32` or `bf16`: the dtype of `pixel_values`.
    pub dtype: String,
    /// What was measured, or why nothing was.
    #[serde(flatten)]
    pub outcome: KernelOutcome,
}

/// The outcome of a launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KernelOutcome {
    /// It was timed.
    Measured(Box<KernelTimes>),
    /// It failed.
    Failed {
        /// The reason.
        error: String,
    },
}

/// Times of a launch, and of a copy that moves as many bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KernelTimes {
    /// Bytes that the kernel reads.
    pub input_bytes: u64,
    /// Bytes that it writes.
    pub output_bytes: u64,
    /// Blocks of the launch.
    pub blocks: u64,
    /// Bytes of shared memory per block.
    pub shared_bytes: u64,
    /// Milliseconds of each launch.
    pub kernel_ms: Vec<f64>,
    /// Milliseconds of each copy.
    pub copy_ms: Vec<f64>,
    /// Bytes read and written ÷ the median time of the launches, in GB per second.
    pub kernel_gb_per_s: f64,
    /// The same for the copies.
    pub copy_gb_per_s: f64,
    /// The median of copy time ÷ kernel time, paired.
    pub share_of_copy: f64,
}
