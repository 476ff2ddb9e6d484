//! The state of a GPU while it was measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a GPU was doing while it was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuRecord {
    /// The GPU's name.
    pub name: String,
    /// The driver's version.
    pub driver: String,
    /// The largest number of other processes seen on the GPU in any round.
    pub other_processes: usize,
    /// One entry per round: the lowest clocks, the highest temperature and all throttling reasons that were read right
    /// after its forwards. Sample `i` of a row belongs to round `i`.
    pub rounds: Vec<GpuState>,
}

/// The GPU's clocks and temperature at the end of a round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuState {
    /// Clock of the streaming multiprocessors in MHz.
    pub sm_clock_mhz: u32,
    /// Memory clock in MHz.
    pub memory_clock_mhz: u32,
    /// Temperature in degrees Celsius.
    pub temperature_c: u32,
    /// The driver's reasons for throttling the clocks; empty if it did not.
    pub throttled_by: Vec<String>,
}
