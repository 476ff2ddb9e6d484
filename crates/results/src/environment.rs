//! What numbers and bits depend on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine and the software that a result was measured with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The CPU's marketing name.
    pub cpu: String,
    /// torch's vector level, such as `AVX512`; below AVX2, torch's resize gives other bits.
    pub cpu_capability: String,
    /// The vector level of `fused`, such as `avx512`; its bits are the same at all levels.
    #[serde(default)]
    pub fused_level: String,
    /// Logical CPUs available to the process.
    pub logical_cpus: usize,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// The operating system and kernel.
    pub os: String,
    /// The names of the GPUs; empty if there are none.
    pub gpus: Vec<String>,
    /// The versions of torch, torchvision, transformers, Pillow and Python, by name.
    pub versions: BTreeMap<String, String>,
    /// The commit of this build, with `+changes` if the working tree had changes.
    pub commit: String,
    /// The command line, as typed.
    pub command: String,
}
