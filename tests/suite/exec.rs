//! Programs as subjects: the C program of `examples/subjects` passes, and each way to break the protocol is named.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use patchmark_results::{CheckVerdict, Validation};
use tempfile::{TempDir, tempdir};

use crate::support::{patchmark, refuses};

/// Where the C program is compiled to, once for all tests.
static NAFLEX: OnceLock<(TempDir, PathBuf)> = OnceLock::new();

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The C program of `examples/subjects`.
pub(crate) fn naflex() -> &'static Path {
    let (_, program) = NAFLEX.get_or_init(|| {
        let folder = tempdir().unwrap();
        let program = folder.path().join("naflex");
        let status = Command::new("cc")
            .args(["-std=c11", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-o"])
            .args([&program, &root().join("examples/subjects/c/naflex.c")])
            .arg("-lm")
            .status()
            .expect("patchmark needs a C++ compiler, and so this test has a C compiler");
        assert!(status.success(), "the C program does not compile");
        (folder, program)
    });
    program
}

/// The subject with a fault, which is the C program with a script before it.
fn faulty(fault: &str) -> String {
    let script = root().join("tests/programs/faulty.py");
    format!("exec:python3 '{}' {fault} '{}'", script.display(), naflex().display())
}

/// The checks that look at every result, against a reference that starts at once.
const QUICK: [&str; 9] = [
    "--reference=fused",
    "--corpus=quick",
    "--limits=64,256",
    "--patch-sizes=16",
    "--no-speed",
    "--model=none",
    "--threads=1",
    "--time-limit=2s",
    "--only=loads,survives,accepts,keys,dtypes,shapes,outputs-kept,max-num-patches,patch-size,parity",
];

/// Validates a subject; returns the exit code, what was printed and the names of the failed checks. Nothing may be left
/// behind.
fn validate(subject: &str) -> (Option<i32>, String, Vec<String>) {
    let folder = tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let output = crate::support::command(folder.path(), &["validate", subject])
        .args(QUICK)
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{subject} left {left:?}");
    let saved = fs::read(folder.path().join("runs/validate/validate.json"));
    let mut printed = text(&output.stdout) + &text(&output.stderr);
    let failed = saved.map_or_else(
        |_| Vec::new(),
        |json| {
            let found: Validation = serde_json::from_slice(&json).unwrap();
            assert_eq!(found.candidate, subject);
            // On paper they are broken into lines.
            printed.extend(
                found.found.failed().flat_map(|row| &row.findings).map(|finding| finding.detail.as_str()),
            );
            found.found.failed().map(|row| row.name.clone()).collect()
        },
    );
    (output.status.code(), printed, failed)
}

#[test]
fn the_c_program_replaces_the_reference() {
    let folder = tempdir().unwrap();
    let subject = format!("exec:'{}'", naflex().display());
    let output = patchmark(
        folder.path(),
        &["validate", &subject, "--corpus=quick", "--budget=2s", "--batch-sizes=2", "--model=none", "--json"],
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    let found: Validation =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(found.found.failed().count(), 0, "{:#?}", found.found.checks);
    assert_eq!((found.candidate.as_str(), found.candidate_class.as_str()), (subject.as_str(), "naflex.c 1"));
    let verdict = |name: &str| found.found.checks.iter().find(|row| row.name == name).unwrap().verdict;
    for passed in ["parity", "patch-size", "outputs-kept", "large-batch", "empty-batch"] {
        assert_eq!(verdict(passed), CheckVerdict::Passed, "{passed}");
    }
    assert_eq!(verdict("chw-tensors"), CheckVerdict::NotApplicable, "a program is handed pixels in one form");
    let [row] = found.found.speed.as_slice() else { panic!("{:?}", found.found.speed) };
    assert!(row.rounds > 0 && row.candidate_ms > 0.0, "{row:?}");
    let border = found.found.speed_notes.iter().find(|note| note.contains("beside its own time"));
    assert!(border.is_some_and(|note| note.contains(&subject)), "{:?}", found.found.speed_notes);
}

#[test]
fn a_program_that_cannot_be_found_or_run_is_refused_before_anything_starts() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("plain"), "#!/bin/sh\n").unwrap();
    for (subject, named) in [
        ("exec:", "exec:COMMAND"),
        ("exec:./none --fast", "./none cannot be started"),
        ("exec:no-such-program", "no program no-such-program in PATH"),
        ("exec:plain", "./plain"),
        ("exec:./plain", "chmod +x ./plain"),
        ("exec:.", "no program . in PATH"),
        ("exec:./", "is not a file"),
        ("exec:sh 'open", "exec:sh 'open"),
    ] {
        refuses(folder.path(), &["validate", subject], named);
        refuses(folder.path(), &["compare", "fused", subject], named);
    }
}

#[test]
fn a_program_that_does_not_speak_the_protocol_is_refused_by_name() {
    for (fault, says) in [
        ("wrong-version", "speaks version 2 of the subject protocol, but this patchmark speaks version 1"),
        ("nameless", "without \"name\""),
        ("banner", "wrote \"Loading weights …\" instead of an answer to the start"),
        ("long-banner", "wrote a line of more than 64 KiB"),
        ("exits", "ended with exit status 1 before it answered"),
        ("exits", "faulty.py: no weights in /nowhere"),
    ] {
        let subject = faulty(fault);
        let (code, printed, _) = validate(&subject);
        assert_eq!(code, Some(2), "{fault}: {printed}");
        assert!(printed.contains(says) && printed.contains(&subject), "{fault}: {printed}");
    }
}

#[test]
fn a_program_that_breaks_is_a_finding_by_name() {
    for (fault, says) in [
        ("dies", "was killed by signal 11 (SIGSEGV)"),
        ("leaves", "ended with exit status 0 before it answered"),
        ("hangs", "took longer than 2 s and was ended"),
        ("wrong-id", "answered batch 0 with the id 1"),
        ("chatters", "wrote \"processed a batch\" instead of an answer to batch 0"),
        ("long-line", "wrote a line of more than 64 KiB"),
        ("negative-time", "answered batch 0 with a time of -1 ms"),
        ("impossible-time", "says that batch 0 took 1000000000 ms"),
        ("closes-stdout", "closed stdout before it answered"),
        ("floods", "printed more than 16 MiB"),
    ] {
        let (code, printed, failed) = validate(&faulty(fault));
        assert_eq!(code, Some(4), "{fault}: {printed}");
        assert!(printed.contains(says), "{fault}: {printed}");
        assert!(failed.contains(&"survives".to_owned()), "{fault}: {failed:?}");
    }
    let sleeping = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .any(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == b"sleep\x00123.25\x00"));
    assert!(!sleeping, "what the program started outlived it");
}

#[test]
fn a_wrong_result_is_the_finding_of_the_check_that_guards_it() {
    for (fault, check, says) in [
        ("refuses", "accepts", "the licence has expired"),
        ("writes-nothing", "accepts", "it wrote no file to \"outputs\""),
        ("truncates", "accepts", "not a whole safetensors file"),
        ("unknown-dtype", "accepts", "not a whole safetensors file"),
        ("forgets-a-key", "keys", "pixel_attention_mask is missing"),
        ("wrong-dtype", "dtypes", "spatial_shapes is int32 instead of int64"),
        ("one-bit", "parity", "last-place"),
        ("takes-no-parameters", "patch-size", "the subject does not take patch_size at the call"),
    ] {
        let (code, printed, failed) = validate(&faulty(fault));
        assert_eq!(code, Some(4), "{fault}: {printed}");
        assert!(printed.contains(says), "{fault}: {printed}");
        assert!(failed.contains(&check.to_owned()), "{fault}: {failed:?}");
    }
}

#[test]
fn programs_are_compared_like_any_subject() {
    let folder = tempdir().unwrap();
    let right = format!("exec:{}", naflex().display());
    let compare = |candidate: &str| {
        let asked =
            ["compare", &right, candidate, "--batch-sizes=1", "--budget=3s", "--sizes=100x80", "--threads=1"];
        let output = patchmark(folder.path(), &asked);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, printed) = compare(&faulty("none"));
    assert!(matches!(code, Some(0 | 3 | 5)), "{printed}");
    assert!(printed.contains("beside its own time"), "{printed}");
    let (code, printed) = compare(&faulty("one-bit"));
    assert_eq!(code, Some(4), "{printed}");
    assert!(printed.contains("differ in their outputs"), "{printed}");
}
