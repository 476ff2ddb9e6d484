//! What the driver reports about a GPU while it is measured.

use std::process;

use nvml_wrapper::{
    Nvml,
    bitmasks::device::ThrottleReasons,
    enum_wrappers::device::{Clock, TemperatureSensor},
    error::NvmlError,
};
use patchmark_results::{GpuRecord, GpuState, text::plural};
use tch::Device;

use crate::python;

/// Reasons for a reduced clock that do not make a sample doubtful: no work, or the user's own setting.
const NO_THROTTLING: ThrottleReasons = ThrottleReasons::GPU_IDLE
    .union(ThrottleReasons::APPLICATIONS_CLOCKS_SETTING)
    .union(ThrottleReasons::DISPLAY_CLOCK_SETTING);

/// Watches a GPU through NVML, which comes with the driver.
pub struct GpuMonitor {
    nvml: Nvml,
    uuid: String,
    record: GpuRecord,
    /// What was observed in this round.
    round: Option<GpuState>,
}

impl GpuMonitor {
    /// Watches a device; none for a CPU, or if the driver's library is missing or does not know torch's GPU.
    pub fn open(device: Device) -> Option<Self> {
        let Device::Cuda(index) = device else { return None };
        // torch numbers only the GPUs that it may use; NVML numbers all of them.
        let uuid = python::gpu_uuid(index).ok()?;
        let nvml = Nvml::init().ok()?;
        let read = || -> Result<GpuRecord, NvmlError> {
            let name = nvml.device_by_uuid(uuid.as_str())?.name()?;
            Ok(GpuRecord { name, driver: nvml.sys_driver_version()?, ..GpuRecord::default() })
        };
        let record = read().ok()?;
        Some(Self { nvml, uuid, record, round: None })
    }

    /// Reads the state once, with the number of other processes on the GPU. What the driver does not report (some
    /// clouds hide processes or clocks) is zero or empty.
    pub fn read(&self) -> Option<(GpuState, usize)> {
        let device = self.nvml.device_by_uuid(self.uuid.as_str()).ok()?;
        let reasons = device.current_throttle_reasons().unwrap_or(ThrottleReasons::NONE);
        let state = GpuState {
            sm_clock_mhz: device.clock_info(Clock::SM).unwrap_or_default(),
            memory_clock_mhz: device.clock_info(Clock::Memory).unwrap_or_default(),
            temperature_c: device.temperature(TemperatureSensor::Gpu).unwrap_or_default(),
            throttled_by: throttling(reasons),
        };
        let pids = device.running_compute_processes().unwrap_or_default();
        let pids: Vec<u32> = pids.into_iter().map(|process| process.pid).collect();
        Some((state, others(&pids, process::id())))
    }

    /// Reads the state right after the GPU has worked: a moment later its clocks no longer reflect the measurement.
    pub fn observe(&mut self) {
        if let Some((state, others)) = self.read() {
            self.record.other_processes = self.record.other_processes.max(others);
            self.round = Some(match self.round.take() {
                Some(before) => worse(before, state),
                None => state,
            });
        }
    }

    /// Adds what was observed in this round to the record.
    pub fn end_round(&mut self) {
        if self.round.is_none() {
            self.observe();
        }
        // Exactly one entry per round, so that samples and states correspond.
        self.record.rounds.push(self.round.take().unwrap_or_default());
    }

    /// What was observed so far.
    pub fn record(&self) -> &GpuRecord {
        &self.record
    }
}

/// The lower clocks, the higher temperature and all throttling reasons of two states; a clock of zero was not reported.
fn worse(one: GpuState, other: GpuState) -> GpuState {
    let lower = |a: u32, b: u32| if a == 0 || b == 0 { a.max(b) } else { a.min(b) };
    let mut throttled_by = one.throttled_by;
    throttled_by.extend(other.throttled_by);
    throttled_by.sort_unstable();
    throttled_by.dedup();
    GpuState {
        sm_clock_mhz: lower(one.sm_clock_mhz, other.sm_clock_mhz),
        memory_clock_mhz: lower(one.memory_clock_mhz, other.memory_clock_mhz),
        temperature_c: one.temperature_c.max(other.temperature_c),
        throttled_by,
    }
}

/// The names of the reasons that make a sample doubtful.
fn throttling(reasons: ThrottleReasons) -> Vec<String> {
    reasons
        .difference(NO_THROTTLING)
        .iter_names()
        .map(|(name, _)| name.to_lowercase().replace('_', " "))
        .collect()
}

/// How many other processes are on the GPU. In a container, this process may appear under another process ID.
fn others(pids: &[u32], own: u32) -> usize {
    let foreign = pids.iter().filter(|pid| **pid != own).count();
    if foreign == pids.len() { foreign.saturating_sub(1) } else { foreign }
}

/// Notes for a run: rounds in which the clocks were held down, and other processes on the GPU.
pub(crate) fn notes(record: &GpuRecord) -> Vec<String> {
    let mut notes = Vec::new();
    let throttled: Vec<usize> =
        (0..record.rounds.len()).filter(|&round| !record.rounds[round].throttled_by.is_empty()).collect();
    if !throttled.is_empty() {
        let mut reasons: Vec<&str> =
            record.rounds.iter().flat_map(|round| &round.throttled_by).map(String::as_str).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let rounds: Vec<String> = throttled.iter().take(12).map(|round| (round + 1).to_string()).collect();
        let more = if throttled.len() > 12 { " and later" } else { "" };
        notes.push(format!(
            "in {} of {} rounds the GPU's clock was held down ({}): {} {}{more}; their samples are marked in run.json",
            throttled.len(),
            record.rounds.len(),
            reasons.join(", "),
            if throttled.len() == 1 { "round" } else { "rounds" },
            rounds.join(", ")
        ));
    }
    if record.other_processes > 0 {
        notes.push(format!(
            "up to {} used the GPU during the run, so the times are not those of this program alone",
            plural(record.other_processes as u64, "other process")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idleness_and_a_users_clock_are_no_throttling() {
        assert!(
            throttling(ThrottleReasons::GPU_IDLE | ThrottleReasons::APPLICATIONS_CLOCKS_SETTING).is_empty()
        );
        let hot = ThrottleReasons::GPU_IDLE | ThrottleReasons::HW_THERMAL_SLOWDOWN;
        assert_eq!(throttling(hot), ["hw thermal slowdown"]);
    }

    #[test]
    fn a_round_is_as_bad_as_its_worst_moment() {
        let state = |clock, temperature_c, reason: &[&str]| GpuState {
            sm_clock_mhz: clock,
            memory_clock_mhz: 2619,
            temperature_c,
            throttled_by: reason.iter().map(|reason| (*reason).to_owned()).collect(),
        };
        let found =
            worse(state(1980, 40, &["sw power cap"]), state(1200, 61, &["hw slowdown", "sw power cap"]));
        assert_eq!(found, state(1200, 61, &["hw slowdown", "sw power cap"]));
        assert_eq!(worse(state(0, 40, &[]), state(1980, 30, &[])).sm_clock_mhz, 1980);
    }

    #[test]
    fn this_process_is_not_another_even_under_a_hosts_number() {
        assert_eq!(others(&[], 7), 0);
        assert_eq!(others(&[7], 7), 0);
        assert_eq!(others(&[4711], 7), 0);
        assert_eq!(others(&[7, 8, 9], 7), 2);
        assert_eq!(others(&[4711, 8], 7), 1);
    }

    #[test]
    fn throttled_rounds_and_company_are_told() {
        let hot = GpuState { throttled_by: vec!["sw power cap".into()], ..GpuState::default() };
        let mut record = GpuRecord { rounds: vec![GpuState::default(), hot], ..GpuRecord::default() };
        assert!(
            notes(&record)[0]
                .starts_with("in 1 of 2 rounds the GPU's clock was held down (sw power cap): round 2;")
        );
        record.rounds.pop();
        assert!(notes(&record).is_empty());
        record.other_processes = 2;
        assert!(notes(&record)[0].contains("2 other processes"));
    }

    #[test]
    fn a_cpu_is_not_watched() {
        assert!(GpuMonitor::open(Device::Cpu).is_none());
    }
}
