//! `patchmark doctor`.

use std::{env, process::Command};

use anyhow::Result;
use clap::Args;
use patchmark_report::terminal::layout::{Text, columns};
use patchmark_results::{
    Environment, Outcome,
    text::{gib, plural},
};
use tch::Device;

use super::options::allow_network;
use crate::{
    console::{out, outln},
    measure::{GpuMonitor, environment, memory},
    python::{self, DecoderChoice, TransformersLoading},
    workload::{EncodedImage, Loading, Unread, built_in_photographs},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

/// Vector levels at which torchvision resizes uint8 in integer arithmetic.
const NATIVE_UINT8: [&str; 2] = ["AVX2", "AVX512"];

/// A program needed to build patchmark, but not to run it.
struct Tool {
    name: &'static str,
    /// Names to try, in order.
    programs: &'static [&'static str],
    remedy: &'static str,
}

const BUILD_TOOLS: [Tool; 3] = [
    Tool {
        name: "rust",
        programs: &["rustc"],
        remedy: "install Rust 1.89 or newer with rustup (https://rustup.rs)",
    },
    Tool {
        name: "c++ compiler",
        programs: &["c++", "g++", "clang++"],
        remedy: "install a C++ compiler (Debian: apt-get install g++)",
    },
    Tool {
        name: "cmake",
        programs: &["cmake"],
        remedy: "run 'make setup', which puts cmake into .build, or install it (Debian: apt-get install cmake)",
    },
];

impl Tool {
    /// The first line of `--version` from the first program that runs, the machine's or the one that `make setup` fetched.
    fn find(&self) -> Option<String> {
        // This program is in target/release.
        let exe = env::current_exe().ok();
        let fetched =
            exe.as_ref().and_then(|exe| exe.ancestors().nth(3)).map(|root| root.join(".build/tools/bin"));
        self.programs.iter().find_map(|program| {
            let beside = fetched.as_ref().map(|folder| folder.join(program));
            [Some(program.into()), beside].into_iter().flatten().find_map(|path| {
                let output = Command::new(path).arg("--version").output().ok()?;
                let text = String::from_utf8_lossy(&output.stdout);
                output.status.success().then(|| text.lines().next().unwrap_or(program).to_owned())
            })
        })
    }
}

/// The current state of a GPU according to NVML, or a note that NVML does not know it.
fn gpu_state(index: usize) -> String {
    let Some(monitor) = GpuMonitor::open(Device::Cuda(index)) else {
        return "; NVML does not know it, so clocks and throttling will not be recorded".into();
    };
    let mut text = format!(", driver {}", monitor.record().driver);
    if let Some((state, others)) = monitor.read() {
        text += &format!(
            ", SM {} MHz, memory {} MHz, {} °C, {}",
            state.sm_clock_mhz,
            state.memory_clock_mhz,
            state.temperature_c,
            plural(others as u64, "other process")
        );
        if !state.throttled_by.is_empty() {
            text += &format!(", throttled by {}", state.throttled_by.join(", "));
        }
    }
    text
}

/// The memory that may be taken, by which limit, and how much of it is left.
fn memory_in_force(machine: u64) -> String {
    let mut text = match memory::limit() {
        Some(limit) => {
            format!("{} by {}; the machine has {}", gib(limit.limit), limit.by, gib(machine))
        }
        None => gib(machine),
    };
    if let Some(room) = memory::room() {
        text += &format!("; {} left", gib(room.left));
    }
    text
}

/// What limits the CPUs and what sets their speed, as runs save it.
fn cpu_limits(environment: &Environment) -> Vec<(&'static str, String)> {
    let Some(allowance) = &environment.allowance else { return Vec::new() };
    let unknown = || "unknown".to_owned();
    let quota = allowance.cpu_quota.map_or_else(|| "none".into(), |quota| format!("{quota} CPUs"));
    let affinity = allowance.affinity_cpus.map(|cpus| format!("may run on {}", plural(cpus as u64, "CPU")));
    let smt =
        allowance.smt.map(|smt| if smt { "on: two logical CPUs share a core" } else { "off" }.to_owned());
    vec![
        ("cpu quota", quota),
        ("affinity", affinity.unwrap_or_else(unknown)),
        ("smt", smt.unwrap_or_else(unknown)),
        ("governor", allowance.governor.clone().unwrap_or_else(unknown)),
    ]
}

/// How JPEG files are decoded, and the photographs of which a loader of this environment gives other pixels.
fn decoding() -> Result<(String, Vec<String>)> {
    let mut text = "libjpeg-turbo".to_owned();
    if !patchmark_decode::SIMD {
        text += " without SIMD, because nasm was missing when it was built: JPEG files are decoded in Python, which is slower";
    }
    let file = tempfile::NamedTempFile::new()?;
    let mut different = Vec::new();
    let loaders = [("torchvision", DecoderChoice::Torchvision), ("Pillow", DecoderChoice::Pillow)];
    for photograph in built_in_photographs() {
        let EncodedImage::Embedded { bytes, .. } = photograph else { continue };
        std::fs::write(file.path(), bytes)?;
        let native = photograph.decode()?;
        for (loader, choice) in loaders {
            match TransformersLoading::new(choice).load(file.path(), bytes) {
                Ok(pixels) if pixels.rgb == native.rgb => {}
                Ok(_) => different.push(format!("{} by {loader}", photograph.name())),
                Err(Unread::Failed(error)) => return Err(error),
                Err(_) => different.push(format!("{}, which {loader} does not read", photograph.name())),
            }
        }
    }
    if different.is_empty() {
        text += "; the pixels of torchvision and Pillow in every built-in photograph";
    } else {
        text += &format!("; other pixels than {}", different.join(", "));
    }
    Ok((text, different))
}

pub(super) fn run(_: &Arguments) -> Result<Outcome> {
    allow_network(false);
    let environment = environment()?;
    let line = |name: &str, value: &str| {
        let mut text = Text::new(columns());
        text.paragraph(&format!("{name:<14} "), 15, value);
        out!("{}", text.finish());
    };
    line("cpu", &environment.cpu);
    line("vector level", &format!("torch {}, fused {}", environment.cpu_capability, environment.fused_level));
    line(
        "threads",
        &format!(
            "{}, torch uses {}",
            plural(environment.logical_cpus as u64, "logical CPU"),
            tch::get_num_threads()
        ),
    );
    line("memory", &memory_in_force(environment.memory_bytes));
    for (name, value) in cpu_limits(&environment) {
        line(name, &value);
    }
    line("system", &environment.os);
    for (name, version) in &environment.versions {
        line(name, version);
    }
    match environment.gpus.as_slice() {
        [] => line("gpu", "none that torch can use; --device cpu works, --device cuda does not"),
        names => {
            for (index, name) in names.iter().enumerate() {
                line("gpu", &format!("cuda:{index} {name}{}", gpu_state(index)));
            }
        }
    }
    let copies = python::libtorch_copies()?;
    line("libtorch", &format!("one, shared by process and Python: {}", copies.join(", ")));
    let (decoder, different) = decoding()?;
    line("jpeg decoder", &decoder);
    let mut missing = Vec::new();
    for tool in BUILD_TOOLS {
        match tool.find() {
            Some(version) => line(tool.name, &version),
            None => {
                line(tool.name, "not found");
                missing.push(tool.remedy);
            }
        }
    }
    if python::has_headers()? {
        line("Python.h", "found");
    } else {
        line("Python.h", "not found");
        missing.push("install Python's headers (Debian: apt-get install python3-dev)");
    }
    line("patchmark", &format!("{} at {}", env!("CARGO_PKG_VERSION"), environment.commit));
    if !NATIVE_UINT8.contains(&environment.cpu_capability.as_str()) {
        outln!(
            "\nwarning: below AVX2 torchvision resizes in floating point, so the reference's own bits differ from \
             those of most machines; unset ATEN_CPU_CAPABILITY if it is set"
        );
        return Ok(Outcome::Inconclusive);
    }
    if !different.is_empty() {
        outln!(
            "\nwarning: Pillow or torchvision was built with another JPEG library than usual, so files have other pixels here \
             than transformers reads; install both from PyPI ('make setup')"
        );
        return Ok(Outcome::Inconclusive);
    }
    if missing.is_empty() {
        outln!("\nnothing is missing");
    } else {
        outln!("\nnothing is missing to run patchmark; to build it:");
        missing.iter().for_each(|remedy| outln!("- {remedy}"));
    }
    Ok(Outcome::Done)
}
