//! `patchmark compare` as a whole: two processors, two builds, and what it writes.

use std::fs;

use patchmark_results::{Decision, Finding, GapKind, Verdict};
use tempfile::tempdir;

use crate::support::{patchmark, refuses};

const QUICK: [&str; 3] = ["--batch-sizes=1", "--threads=1", "--budget=60s"];

#[test]
fn an_injected_slow_down_is_a_regression_and_leaves_a_whole_folder() {
    let folder = tempdir().unwrap();
    let output = patchmark(
        folder.path(),
        &[&["compare", "fused", "fused", "--slow-candidate=100%", "--out=run"], QUICK.as_slice()].concat(),
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let read = |name: &str| fs::read_to_string(folder.path().join("run").join(name)).unwrap();
    let decision: Decision = serde_json::from_str(&read("compare.json")).unwrap();
    assert_eq!((decision.verdict, decision.exit_code), (Verdict::Regressed, 3));
    let pairs = decision.rows[0].pairs.as_ref().unwrap();
    assert_eq!(pairs.base.len(), pairs.candidate.len());
    assert!(read("junit.xml").contains("failures=\"1\"") && read("summary.md").contains("**regressed**"));
}

#[test]
fn a_faster_processor_is_an_improvement_and_json_is_the_decision() {
    let folder = tempdir().unwrap();
    let output = patchmark(
        folder.path(),
        &[&["compare", "naive", "fused", "--json", "--out=run"], QUICK.as_slice()].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(decision.verdict, Verdict::Improved);
    let saved = fs::read(folder.path().join("run/compare.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Decision>(&saved).unwrap(), decision);
}

#[test]
fn two_builds_are_compared_in_processes_of_their_own() {
    let folder = tempdir().unwrap();
    let base = env!("CARGO_BIN_EXE_patchmark");
    let output = patchmark(
        folder.path(),
        &[
            &["compare", "fused", "--base-binary", base, "--slow-candidate=300%", "--json", "--out=run"],
            QUICK.as_slice(),
        ]
        .concat(),
    );
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
    let row = &decision.rows[0];
    assert_eq!((row.finding, row.verdict), (None::<Finding>, Verdict::Regressed));
    let pairs = row.pairs.as_ref().unwrap();
    assert!(pairs.control.len() == pairs.base.len() && pairs.restarts.last() >= Some(&3));
}

/// A class of `tests/candidates/` as a subject.
fn class(file: &str, name: &str) -> String {
    format!("python:{}/tests/candidates/{file}:{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_class_is_compared_in_a_process_of_its_own_with_a_second_base_as_control() {
    let folder = tempdir().unwrap();
    let (unchanged, bgr) = (class("right.py", "Unchanged"), class("values.py", "Bgr"));
    let arguments =
        |subject| ["compare", "hf", subject, "--batch-sizes=1", "--budget=1s", "--json", "--out=run"];
    let output = patchmark(folder.path(), &arguments(&unchanged));
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
    let row = &decision.rows[0];
    // One restart of the processes is too few for a verdict, and the reason says so.
    assert_eq!((row.finding, row.verdict), (None::<Finding>, Verdict::Inconclusive));
    assert!(
        row.reason.as_ref().is_some_and(|reason| reason.contains("1 restart, and a verdict needs")),
        "{:?}",
        row.reason
    );
    let pairs = row.pairs.as_ref().unwrap();
    assert!(!pairs.base.is_empty() && pairs.control.len() == pairs.base.len());

    let output = patchmark(folder.path(), &arguments(&bgr));
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(decision.rows[0].finding, Some(Finding::Parity));
}

#[test]
fn a_subject_compared_with_itself_is_a_finding_unless_it_is_allowed() {
    let folder = tempdir().unwrap();
    let quick = ["--batch-sizes=1", "--threads=1", "--budget=1s", "--min-effect=50%", "--json", "--out=run"];
    let copy = folder.path().join("copy");
    fs::copy(env!("CARGO_BIN_EXE_patchmark"), &copy).unwrap();
    let same: [&[&str]; 2] =
        [&["compare", "fused", "fused"], &["compare", "fused", "--base-binary", copy.to_str().unwrap()]];
    for arguments in same {
        let output = patchmark(folder.path(), &[arguments, &quick].concat());
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
        let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
        let kinds: Vec<_> = decision.gaps.iter().map(|gap| gap.kind).collect();
        assert_eq!((kinds, decision.rows.len()), (vec![GapKind::Identical], 1));
        let output = patchmark(folder.path(), &[arguments, &quick, &["--allow-identical"]].concat());
        let decision: Decision = serde_json::from_slice(&output.stdout).unwrap();
        assert!(
            decision.gaps.is_empty() && decision.notes.iter().any(|note| note.contains("--allow-identical"))
        );
    }
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    refuses(path, &["compare", "fused"], "two processors");
    refuses(path, &["compare", "fused", "quick"], "quick");
    refuses(path, &["compare", "fused", "batchd"], "did you mean batched?");
    refuses(path, &["compare", "hf", "python:none.py:Mine"], "none.py");
    let unchanged = class("right.py", "Unchanged");
    refuses(path, &["compare", "hf", &unchanged, "--slow-candidate=10%"], "--slow-candidate");
    refuses(path, &["compare", "fused", "naive", "--batch-sizes=0"], "--batch-sizes");
    refuses(path, &["compare", "fused", "naive", "--min-effect=NaN%"], "percentage");
    for command in [["compare", "fused", "naive"].as_slice(), &["validate", "hf"]] {
        for reading in ["--min-effect", "\"5%\"", "\"500%\""] {
            refuses(path, &[command, &["--min-effect=5"]].concat(), reading);
        }
    }
    refuses(path, &["compare", "--base-binary=/nowhere", "fused"], "/nowhere");
    refuses(path, &["compare", "--base-binary=/bin/true", "fused"], "does not answer as a worker");
}

/// The running processes whose command line holds `marker`.
fn running(marker: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(marker)).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_base_binary_that_never_answers_is_ended_with_everything_that_it_started() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let path = folder.path();
    // In a session of its own and without the variable by which the worker's processes are known.
    let seconds = 100_000 + std::process::id();
    let script = format!(
        "#!/bin/sh\necho starting\nenv -i setsid sleep {seconds} &\ntrap '' ABRT TERM\nexec sleep {seconds}\n"
    );
    fs::write(path.join("silent"), script).unwrap();
    fs::set_permissions(path.join("silent"), fs::Permissions::from_mode(0o755)).unwrap();
    refuses(
        path,
        &["compare", "--base-binary=silent", "fused"],
        "took longer than 30 s and was ended, and last printed \"starting\"",
    );
    let left = running(&seconds.to_string());
    assert!(left.is_empty(), "{left:?}");
}
