//! Candidates that crash, hang, exit, flood their output or exhaust memory: each is reported as such and leaves nothing
//! behind.

use std::{fs, process::Command};

use patchmark::validate::{self, Settings};
use patchmark_results::Findings;
use tempfile::tempdir;

use crate::candidates;

/// Validates a class of `hostile.py` with a separate TMPDIR and returns the summary. The exit code must be 4.
#[track_caller]
fn validate(class: &str, time_limit: &str) -> String {
    let folder = tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let file = candidates::folder().join("hostile.py");
    let output = Command::new(env!("CARGO_BIN_EXE_patchmark"))
        .args(["validate", &format!("python:{}:{class}", file.display()), "--corpus=quick", "--no-speed"])
        .args(["--only=loads,survives,accepts,keys,parity", "--limits=64", "--patch-sizes=16", "--threads=1"])
        .args(["--memory-limit=1024", "--time-limit", time_limit, "--model=none"])
        .current_dir(folder.path())
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{class}: {text}\n{errors}");
    assert!(text.lines().all(|line| line.chars().count() <= 100 || line.contains("$ patchmark")), "{text}");
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{class} left {left:?}");
    for name in ["validate.json", "summary.md", "junit.xml"] {
        assert!(folder.path().join("runs/validate").join(name).is_file(), "{class}: no {name}");
    }
    text
}

/// Validates classes of one file in one session with those checks, each into a folder of its own, and hands what was found
/// to `check` with the checks of which there is evidence. The exit code must be 4.
fn validate_all(file: &str, classes: &[&str], only: &[&str], check: impl Fn(&str, &Findings, &[String])) {
    let settings = Settings {
        limits: vec![64],
        patch_sizes: vec![16],
        only: only.iter().map(|&name| name.to_owned()).collect(),
        ..candidates::settings()
    };
    let subject = |class: &str| candidates::subject(&candidates::folder().join(file), class);
    let mut session = candidates::session(&subject(classes[0]));
    for class in classes {
        let folder = tempdir().unwrap();
        session.replace_candidate(&subject(class)).unwrap();
        let folders = (folder.path(), folder.path());
        let found = validate::validate(&mut session, &settings, (class, "hf"), folders, &mut |_| {});
        let (found, _) = found.unwrap();
        assert_eq!(found.outcome().code(), 4, "{class}: {:?}", found.checks);
        let evidence = fs::read_dir(folder.path().join("evidence")).into_iter().flatten().flatten();
        let evidence = evidence.filter(|check| check.path().join("candidate.safetensors").is_file());
        let evidence: Vec<_> =
            evidence.map(|check| check.file_name().to_string_lossy().into_owned()).collect();
        check(class, &found, &evidence);
    }
}

#[test]
fn a_fault_that_comes_and_goes_is_told_with_the_evidence_of_its_first_sight() {
    let classes = ["OneCallInFive", "OneCallInFifty", "TheFirstCallOnly", "ByTime", "UnderASecondThread"];
    let only = ["loads", "accepts", "padding", "determinism", "threads", "parity"];
    validate_all("flaky.py", &classes, &only, |class, found, evidence| {
        if class == "UnderASecondThread" {
            assert!(found.failed().any(|row| row.name == "threads"), "{:?}", found.checks);
            return;
        }
        let told = found.failed().flat_map(|row| &row.findings).map(|finding| &finding.detail);
        let told: Vec<_> = told.collect();
        // A fault by time may happen to be seen every time.
        let repeatable = !told.iter().any(|detail| detail.contains("not repeatable"));
        assert!(class == "ByTime" || !repeatable, "{class}: {told:?}");
        assert!(evidence.iter().any(|check| check == "parity"), "{class}: {evidence:?}");
    });
}

#[test]
fn an_exception_of_any_text_is_told_as_itself() {
    let texts = [
        ("RaisesAMegabyte", "ValueError:"),
        ("RaisesControlCharacters", r"\x00\x01\x02"),
        ("RaisesBytes", r"b'\x00\x01\x02"),
        ("RaisesWithoutText", "WithoutText"),
        ("RaisesAGroup", "ExceptionGroup: many"),
        ("RaisesALongChain", "ValueError: 2999"),
    ];
    let only = ["loads", "survives", "accepts", "keys", "parity"];
    validate_all("hostile.py", &texts.map(|(class, _)| class), &only, |class, found, _| {
        let (_, text) = texts.into_iter().find(|(known, _)| *known == class).unwrap();
        let told = candidates::findings(found);
        assert!(told["accepts"].contains(text), "{class}: {told:?}");
        assert!(!told.values().any(|detail| detail.contains("worker")), "{class}: {told:?}");
    });
    let text = validate("RaisesHalfAPair", "60s");
    assert!(text.contains("✗ accepts") && text.contains(r"ValueError: half \ud800 of a pair"), "{text}");
    assert!(!text.contains("worker"), "{text}");
}

#[test]
fn a_crash_is_told_with_its_signal_and_its_python_lines() {
    let text = validate("Segfaults", "60s");
    assert!(text.contains("SIGSEGV") && text.contains("hostile.py"), "{text}");
}

#[test]
fn a_crash_on_some_images_leaves_the_other_checks_an_answer() {
    let text = validate("SegfaultsOnThin", "60s");
    assert!(text.contains("SIGSEGV") && text.contains("passed: loads"), "{text}");
}

#[test]
fn a_hang_is_ended_at_its_limit() {
    let text = validate("Hangs", "4s");
    assert!(text.contains("took longer than 4 s") && text.contains("hostile.py"), "{text}");
}

#[test]
fn leaving_the_process_is_no_success() {
    assert!(validate("LeavesQuietly", "60s").contains("exit status 0"));
    assert!(validate("Exits", "60s").contains("SystemExit"));
}

#[test]
fn a_gigabyte_of_output_is_cut_off() {
    assert!(validate("PrintsAGigabyte", "60s").contains("printed more than 16 MiB"));
}

#[test]
fn memory_without_end_is_refused() {
    assert!(validate("AllocatesWithoutEnd", "60s").contains("MemoryError"));
}

#[test]
fn what_a_candidate_started_ends_with_it() {
    assert!(validate("LeavesProcesses", "60s").contains("SIGABRT"));
    let sleeping = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .any(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == b"sleep\x00321.5\x00"));
    assert!(!sleeping, "a process outlived its worker");
}
