//! The program: its exit codes and what it prints.

use std::{path::Path, process::Command};

use crate::support::plant;

fn run(root: &Path) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_arrows")).arg(root).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn faults_are_printed_and_end_with_one() {
    let root = plant(&[("src/lib.rs", "mod a;"), ("src/a.rs", "")]);
    let (code, stdout, stderr) = run(root.path());
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(stdout.contains("guards nothing: there is no crates/results"), "{stdout}");
    assert!(stdout.contains("docs/architecture.md: cannot be read"), "{stdout}");
    assert!(stdout.lines().last().is_some_and(|line| line.starts_with("2 files, 0 arrows: ")), "{stdout}");
}

#[test]
fn what_cannot_be_read_ends_with_two() {
    let root = plant(&[("src/lib.rs", "mod a;\nfn {")]);
    let (code, stdout, stderr) = run(root.path());
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.starts_with("src/lib.rs:2: cannot be parsed"), "{stderr}");
}
