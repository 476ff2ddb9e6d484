//! The environment that measured numbers depend on.

use std::{env, fs, thread};

use anyhow::Result;
use patchmark_fused::Level;
use patchmark_results::{Environment, input_error};

use super::cpu;
use crate::{program, python};

/// Describes the machine, the versions of the Python side, and this build.
///
/// # Errors
/// If Python cannot start.
pub fn environment() -> Result<Environment> {
    let field = |file: &str, key: &str| {
        fs::read_to_string(file).ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
    };
    let memory_kib = field("/proc/meminfo", "MemTotal")
        .and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0);
    Ok(Environment {
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| env::consts::ARCH.into()),
        cpu_capability: python::cpu_capability()?,
        fused_level: Level::from_environment().map_err(|error| input_error!("{error}"))?.to_string(),
        logical_cpus: thread::available_parallelism().map_or(1, usize::from),
        memory_bytes: memory_kib * 1024,
        os: fs::read_to_string("/proc/sys/kernel/osrelease")
            .map_or_else(|_| env::consts::OS.to_owned(), |release| format!("Linux {}", release.trim())),
        gpus: python::gpus()?,
        versions: python::versions()?,
        commit: env!("PATCHMARK_BUILD_COMMIT").into(),
        command: command(),
        allowance: Some(cpu::allowance()),
    })
}

/// The command line. The program is given by name only, because its folder is irrelevant and may be private.
fn command() -> String {
    let arguments = program::arguments();
    let arguments = arguments.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    shell_words::join(std::iter::once("patchmark".to_owned()).chain(arguments))
}
