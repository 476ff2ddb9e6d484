//! Helpers for several tests.

use std::{
    io::{self, Write},
    path::Path,
    process::{Command, Output},
};

use patchmark_report::store;
use patchmark_results::{Run, Samples, read_run};
use tch::{Cuda, Device};

/// Runs the built binary in `folder`, without environment variables that could change its options.
pub fn patchmark(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the binary was built with this test")
}

/// The command of [`patchmark`], not yet started.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchmark"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PATCHMARK_"))
    {
        command.env_remove(name);
    }
    command.env_remove("GITHUB_ACTIONS").env_remove("COLUMNS").args(arguments).current_dir(folder);
    command
}

/// A run whose figures scatter by a few percent over 40 rounds, on which a gate can decide.
pub fn steady_run() -> Run {
    steady_run_from(0)
}

/// The same run, measured at another time.
pub fn steady_run_again() -> Run {
    steady_run_from(5)
}

/// A run whose scatter begins at a round.
fn steady_run_from(first: usize) -> Run {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/two-threads");
    let mut run = read_run(&committed).expect("the committed run can be read");
    let scatter = |samples: &mut Samples, seed: usize| {
        let median = samples.measured().expect("every row was measured").median;
        // A sequence without a trend that repeats only after many rounds.
        samples.samples = (first..first + 40)
            .map(|round| median * (1.0 + 0.02 * ((round * 7 + seed * 3) % 11) as f64 / 11.0))
            .collect();
    };
    for batch in &mut run.batches {
        for (seed, row) in batch.forwards.iter_mut().enumerate() {
            scatter(&mut row.forward_ms, seed);
        }
        for (seed, row) in batch.processors.iter_mut().enumerate() {
            scatter(&mut row.preprocess_ms, seed + 2);
        }
    }
    run
}

/// Runs a command that must end with exit code 2 and a message that contains `named`, and write nothing.
#[track_caller]
pub fn refuses(folder: &Path, arguments: &[&str], named: &str) {
    let before = listing(folder);
    let output = patchmark(folder, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(message.contains(named), "{arguments:?} must name {named:?}: {message}");
    assert!(output.stdout.is_empty(), "nothing may be measured first: {:?}", output.stdout);
    assert_eq!(listing(folder), before, "{arguments:?} left something behind");
}

/// All paths below a folder, sorted.
fn listing(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the test made this folder").flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    paths
}

/// The first GPU; if there is none, prints a line that names the test that did not run.
pub fn gpu(test: &str) -> Option<Device> {
    if Cuda::is_available() {
        return Some(Device::Cuda(0));
    }
    // Not `eprintln!`, whose output the test runner hides if a test passes.
    let _ = writeln!(io::stderr(), "{test} did not run: torch sees no CUDA device");
    None
}

/// Writes the folders `run`, a steady run, and `slow`, whose processors take half as long again.
pub fn run_and_slower_one(folder: &Path) {
    let mut run = steady_run();
    store::write(&folder.join("run"), &run).expect("the folder can be written to");
    run.started_unix_s += 1;
    for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        row.preprocess_ms.samples.iter_mut().for_each(|ms| *ms *= 1.5);
    }
    store::write(&folder.join("slow"), &run).expect("the folder can be written to");
}
