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
    /// What the process may use of the machine; none in documents of older versions of patchmark.
    #[serde(default)]
    pub allowance: Option<Allowance>,
}

/// What a process may use of its machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Allowance {
    /// CPU time per time that the control groups grant, such as 1.5; none without a quota.
    pub cpu_quota: Option<f64>,
    /// How many logical CPUs the process may run on; none if the system does not tell.
    pub affinity_cpus: Option<usize>,
    /// Whether two logical CPUs share a core; none if the system does not tell.
    pub smt: Option<bool>,
    /// What sets the CPUs' clocks, such as `performance`; none if the system does not tell, as in many virtual machines.
    pub governor: Option<String>,
    /// The most memory that the process may take, in bytes; none if that is the machine's.
    pub memory_limit_bytes: Option<u64>,
}

/// What took CPU time from the process while it measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CpuRecord {
    /// How often the process was stopped because its control group had used up its quota.
    pub throttled_periods: u64,
    /// The share of the machine's CPU time that the hypervisor gave to other machines.
    pub steal_share: f64,
}
