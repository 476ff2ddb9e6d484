//! How much of the machine's CPUs the process may use, and what happened to them while it measured.

use std::{fs, path::Path};

use patchmark_results::{Allowance, CpuRecord, Environment, text::plural};

use super::{cgroup::Groups, memory};

/// What the process may use of the machine.
pub(crate) fn allowance() -> Allowance {
    let mut allowance = allowance_in(Path::new("/"));
    allowance.memory_limit_bytes = memory::limit().map(|room| room.limit);
    allowance
}

fn allowance_in(root: &Path) -> Allowance {
    let read = |file: &str| fs::read_to_string(root.join(file)).ok();
    Allowance {
        cpu_quota: Groups::of(root).cpu_quota(),
        affinity_cpus: affinity(),
        smt: read("sys/devices/system/cpu/smt/active").map(|text| text.trim() == "1"),
        governor: governor(root),
        memory_limit_bytes: None,
    }
}

/// The smallest share of stolen time that is noted.
const MUCH_STEAL: f64 = 0.01;

/// Sentences on what a reader must know about the CPUs of a measurement with that many threads.
pub(crate) fn notes(record: &CpuRecord, threads: usize, environment: &Environment) -> Vec<String> {
    let mut notes: Vec<String> =
        environment.allowance.iter().filter_map(|allowance| too_many_threads(threads, allowance)).collect();
    if record.throttled_periods > 0 {
        let periods = plural(record.throttled_periods, "period");
        notes.push(format!(
            "the process was throttled in {periods}, because its CPU quota was used up, so some samples are too slow"
        ));
    }
    if record.steal_share >= MUCH_STEAL {
        let share = 100.0 * record.steal_share;
        notes.push(format!(
            "{share:.0}% of the CPU time went to other machines on the same host (steal), so some samples are too slow"
        ));
    }
    notes
}

/// A note if more threads are used than the process may run at once.
fn too_many_threads(threads: usize, allowance: &Allowance) -> Option<String> {
    let quota = allowance.cpu_quota.filter(|quota| threads as f64 > *quota);
    let quota = quota.map(|quota| format!("the CPU quota is {quota}"));
    let affinity = allowance.affinity_cpus.filter(|&cpus| threads > cpus);
    let affinity = affinity.map(|cpus| format!("the process may run on {} only", plural(cpus as u64, "CPU")));
    let limits: Vec<String> = quota.into_iter().chain(affinity).collect();
    let threads = plural(threads as u64, "thread");
    (!limits.is_empty()).then(|| format!("{threads} cannot run at once: {}", limits.join(", and ")))
}

/// Counts what takes CPU time from the process, from its creation on.
#[derive(Debug)]
pub(crate) struct CpuMonitor {
    throttled: u64,
    stolen: Option<(u64, u64)>,
}

impl CpuMonitor {
    pub(crate) fn start() -> Self {
        Self { throttled: Groups::of(Path::new("/")).throttled_periods(), stolen: stolen(Path::new("/")) }
    }

    /// What was counted so far.
    pub(crate) fn record(&self) -> CpuRecord {
        let now = Self::start();
        CpuRecord {
            throttled_periods: now.throttled.saturating_sub(self.throttled),
            steal_share: self.stolen.zip(now.stolen).map_or(0.0, |(before, after)| {
                let (stolen, all) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
                stolen as f64 / all.max(1) as f64
            }),
        }
    }
}

/// The CPU time that the hypervisor gave to other machines, and all CPU time, in ticks.
fn stolen(root: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(root.join("proc/stat")).ok()?;
    let ticks: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // A guest's time (the last two) is part of the user's.
    Some((*ticks.get(7)?, ticks.iter().take(8).sum()))
}

/// How many CPUs the process may run on.
fn affinity() -> Option<usize> {
    // Room for 8192 CPUs, the most that Linux supports; a smaller set is refused on a machine with more.
    let mut set = [0u64; 128];
    // SAFETY: the pointer is to a local of the given size; the call writes at most that.
    let written = unsafe {
        libc::syscall(libc::SYS_sched_getaffinity, 0, std::mem::size_of_val(&set), set.as_mut_ptr())
    };
    (written > 0).then(|| set.iter().map(|word| word.count_ones() as usize).sum())
}

/// The governors of the CPUs' clocks, each once.
fn governor(root: &Path) -> Option<String> {
    let cpus = fs::read_dir(root.join("sys/devices/system/cpu")).ok()?.flatten();
    let mut names: Vec<String> = cpus
        .filter_map(|cpu| fs::read_to_string(cpu.path().join("cpufreq/scaling_governor")).ok())
        .map(|name| name.trim().to_owned())
        .collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{super::test_system::system, *};

    #[test]
    fn smt_and_governors_are_read() {
        let root = system(&[
            ("sys/devices/system/cpu/smt/active", "0\n"),
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n"),
            ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n"),
            ("sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "schedutil\n"),
        ]);
        let allowance = allowance_in(root.path());
        assert_eq!(allowance.smt, Some(false));
        assert_eq!(allowance.governor.as_deref(), Some("performance, schedutil"));
        assert_eq!(allowance.cpu_quota, None);
    }

    #[test]
    fn steal_is_the_eighth_number() {
        let root = system(&[("proc/stat", "cpu  10 0 10 70 0 0 0 10 5 0\ncpu0 1 1 1 1\n")]);
        assert_eq!(stolen(root.path()), Some((10, 100)));
    }

    #[test]
    fn what_took_cpu_time_is_noted_if_it_was_much() {
        let notes = |throttled_periods, steal_share| {
            notes(&CpuRecord { throttled_periods, steal_share }, 1, &Environment::default())
        };
        assert!(notes(0, 0.001).is_empty());
        assert!(notes(1, 0.0)[0].contains("throttled in 1 period, because"));
        assert!(notes(0, 0.2)[0].starts_with("20% of the CPU time"));
    }

    #[test]
    fn threads_beyond_what_may_run_at_once_are_noted() {
        let bound = Allowance { cpu_quota: Some(1.5), affinity_cpus: Some(4), ..Allowance::default() };
        assert_eq!(too_many_threads(1, &bound), None);
        let note = too_many_threads(2, &bound).unwrap();
        assert_eq!(note, "2 threads cannot run at once: the CPU quota is 1.5");
        let note = too_many_threads(8, &bound).unwrap();
        assert_eq!(
            note,
            "8 threads cannot run at once: the CPU quota is 1.5, and the process may run on 4 CPUs only"
        );
    }
}
