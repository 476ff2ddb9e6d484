//! The state of a GPU while it was measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a GPU was doing while it was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuRecord {
    /// The card's name.
    pub name: String,
    /// The driver's version.
    pub driver: String,
    /// The most processes of others seen on the card in any round.
    pub other_processes: usize,
    /// One entry a round: the lowest clocks, the highest temperature and all reasons that were read right after its
    /// forwards; sample `i` of a row belongs to round `i`.
    pub rounds: Vec<GpuState>,
}

/// The GPU's clocks and temperature at the end of a round.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GpuState {
    /// Streaming multiprocessors' clock in MHz.
    pub sm_clock_mhz: u32,
    /// Memory clock in MHz.
    pub memory_clock_mhz: u32,
    /// Degrees Celsius.
    pub temperature_c: u32,
    /// Reasons for which the driver held the clocks down; empty where it did not.
    pub throttled_by: Vec<String>,
}
