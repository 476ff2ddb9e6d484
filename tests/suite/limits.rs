//! Limits on memory, and text that UTF-8 cannot carry.

use std::{fs, process::Command};

use patchmark_results::read_run;
use tempfile::tempdir;

use crate::support::command;

#[test]
fn a_batch_that_does_not_fit_in_memory_is_a_failed_row_and_the_others_are_measured() {
    let folder = tempdir().unwrap();
    let arguments = [
        "bench",
        "--model=random-tiny",
        "--tower=vision",
        "--forward=native",
        "--processors=hf,fused",
        "--sizes=64x48",
        "--batch-sizes=1,4096",
        "--max-num-patches=1024",
        "--threads=1",
        "--budget=1s",
        "--out=run",
    ];
    let patchmark = command(folder.path(), &arguments);
    // 12 GiB of addresses: torch takes some of them, and the larger batch needs more than three times as many.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 12582912 && exec \"$@\"", "sh"]).arg(patchmark.get_program());
    limited.args(patchmark.get_args()).current_dir(folder.path());
    let output = limited.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{message}");
    let run = read_run(&folder.path().join("run")).unwrap();
    let [one, many] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    for (small, large) in one.processors.iter().zip(&many.processors) {
        assert_eq!(small.failure, None);
        assert!(!small.preprocess_ms.samples.is_empty());
        let why = large.failure.as_deref().unwrap();
        assert!(why.contains("batch 4096 does not fit in memory") && why.contains("ulimit -v"), "{why}");
        assert!(large.preprocess_ms.samples.is_empty());
    }
    assert_eq!(run.environment.allowance.unwrap().memory_limit_bytes, Some(12 << 30));
}

#[test]
fn doctor_tells_the_limit_in_force() {
    let folder = tempdir().unwrap();
    let program = command(folder.path(), &["doctor"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 12582912 && exec \"$@\"", "sh"]).arg(program.get_program()).arg("doctor");
    let output = limited.output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("12.0 GiB by the limit of `ulimit -v`; the machine has"), "{report}");
    for line in ["cpu quota ", "affinity ", "smt ", "governor "] {
        assert!(report.lines().any(|each| each.starts_with(line)), "{report}");
    }
}

#[test]
fn an_exception_whose_text_is_not_utf_8_is_an_exception() {
    let folder = tempdir().unwrap();
    let class = "from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor\n\
                 import os\n\
                 class Latin1(Siglip2ImageProcessor):\n    \
                     def preprocess(self, *a, **k):\n        \
                         raise ValueError('cannot read ' + os.fsdecode(b'caf\\xe9.json'))\n";
    fs::write(folder.path().join("latin1.py"), class).unwrap();
    let arguments = [
        "validate",
        "python:latin1.py:Latin1",
        "--corpus=quick",
        "--no-speed",
        "--model=none",
        "--only=survives,accepts",
        "--out=out",
    ];
    let output = command(folder.path(), &arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains(r"cannot read caf\udce9.json"), "{told}");
    assert!(!told.contains("worker ended"), "{told}");
}
