//! Readers of stdout and stderr that are gone, and disks that are full, lose nothing and change no verdict.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use patchmark_results::read_run;
use tempfile::tempdir;

use crate::support::{command, run_and_slower_one};

/// The exit code of a command whose stdout or stderr nobody reads.
fn unread(mut command: Command, stdout: bool) -> Option<i32> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // A pipe whose reading end is closed before the command starts.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    if stdout {
        command.stdout(writer)
    } else {
        command.stderr(writer)
    };
    command.status().unwrap().code()
}

#[test]
fn commands_end_as_usual_when_nobody_reads() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    run_and_slower_one(path);
    let commands: [(&[&str], i32); 8] = [
        (&["gate", "slow", "--baseline=run"], 3),
        (&["gate", "slow", "--baseline=run", "--json"], 3),
        (&["report", "run"], 0),
        (&["history", "."], 0),
        (&["schema", "--out=schema"], 0),
        (&["validate", "--checks"], 0),
        (&["report", "missing"], 2),
        (&["nonsense"], 2),
    ];
    for (arguments, code) in commands {
        for stdout in [true, false] {
            assert_eq!(
                unread(command(path, arguments), stdout),
                Some(code),
                "{arguments:?}, stdout: {stdout}"
            );
        }
    }
    let bench =
        ["bench", "--model=random-tiny", "--budget=1s", "--batch-sizes=1", "--processors=hf", "--out=bench"];
    assert_eq!(unread(command(path, &bench), true), Some(0));
    assert!(read_run(&path.join("bench")).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_told_and_changes_no_verdict() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    run_and_slower_one(path);
    // A run compared with itself is a finding unless it is allowed.
    for (run, code) in [("slow", 3), ("run", 1)] {
        let arguments = ["gate", run, "--baseline=run", "--allow-identical"];
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(path, &arguments).stdout(full).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
        assert!(message.contains("cannot write to stdout"), "{message}");
        assert!(path.join("runs/gate/gate.json").exists());
        fs::remove_dir_all(path.join("runs")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_verdict_that_cannot_be_saved_is_printed_and_kept() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    run_and_slower_one(path);
    // No file may grow beyond one kilobyte, as if the disk were full: the write fails instead of killing the process.
    let binary = command(path, &["gate", "slow", "--baseline=run"]);
    let line = format!(
        "trap '' XFSZ; ulimit -f 1; exec '{}' gate slow --baseline=run",
        binary.get_program().display()
    );
    let output = Command::new("bash").args(["-c", &line]).current_dir(path).output().unwrap();
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(printed.contains("regressed"), "{printed}");
    assert!(told.contains("error: writing") && told.contains("too large"), "{told}");
    assert!(!path.join("runs/gate").exists(), "nothing half-written is left");
}
