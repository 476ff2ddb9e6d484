//! What numbers and bits depend on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine and the software that a number was taken on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The processor's marketing name.
    pub cpu: String,
    /// torch's vector level, such as `AVX512`; torch's resize changes bits below AVX2.
    pub cpu_capability: String,
    /// Instructions that the one pass (`fused`) uses, such as `avx512`; its bits are the same at all levels.
    #[serde(default)]
    pub fused_level: String,
    /// Logical CPUs available to the process.
    pub logical_cpus: usize,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// The operating system and kernel.
    pub os: String,
    /// GPU names, empty where there is none.
    pub gpus: Vec<String>,
    /// torch, torchvision, transformers, Pillow, python: name to version.
    pub versions: BTreeMap<String, String>,
    /// The commit of this build, with `+changes` where the tree differed.
    pub commit: String,
    /// The command line, as typed.
    pub command: String,
}
