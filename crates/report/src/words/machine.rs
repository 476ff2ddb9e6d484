//! The machine in one phrase.

use patchmark_results::{
    Environment,
    text::{clean, gib, plural},
};

/// The machine of a result that ran on a device (`cpu` or `cuda:N`), with the GPU if it is one.
pub fn machine(environment: &Environment, device: &str) -> String {
    let cpu = if environment.cpu.is_empty() { "unknown CPU" } else { &environment.cpu };
    let index = device.strip_prefix("cuda").map(|rest| rest.trim_start_matches(':').parse().unwrap_or(0));
    match index {
        Some(index) => {
            let gpu = environment.gpus.get::<usize>(index).map_or("unknown GPU", String::as_str);
            clean(&format!("{gpu}, {cpu}"))
        }
        None => clean(cpu),
    }
}

/// What the process may use of the machine, to follow a list of facts; empty if it may use all of it.
pub fn allowance(environment: &Environment) -> String {
    let Some(allowance) = &environment.allowance else { return String::new() };
    let facts = [
        allowance.memory_limit_bytes.map(|bytes| format!("of which {} may be used", gib(bytes))),
        allowance.cpu_quota.map(|quota| format!("CPU quota {quota}")),
        // Their number is usually that of the logical CPUs, which stands before.
        allowance
            .affinity_cpus
            .filter(|&cpus| cpus != environment.logical_cpus)
            .map(|cpus| format!("bound to {}", plural(cpus as u64, "CPU"))),
        allowance.smt.map(|smt| format!("SMT {}", if smt { "on" } else { "off" })),
        allowance.governor.as_ref().map(|governor| format!("governor {}", clean(governor))),
    ];
    facts.into_iter().flatten().map(|fact| format!(", {fact}")).collect()
}

/// The machine with all of its GPUs, for a result that does not say which of them it used.
pub fn whole_machine(environment: &Environment) -> String {
    let parts = environment.gpus.iter().chain([&environment.cpu]).map(|name| clean(name));
    parts.collect::<Vec<_>>().join(", ")
}
