//! The machine in one phrase.

use patchmark_results::{Environment, text::clean};

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

/// The machine with all of its GPUs, for a result that does not say which of them it used.
pub fn whole_machine(environment: &Environment) -> String {
    let parts = environment.gpus.iter().chain([&environment.cpu]).map(|name| clean(name));
    parts.collect::<Vec<_>>().join(", ")
}
