//! A command that is killed at any moment leaves only complete and valid files; Ctrl-C saves what was measured.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use patchmark_gate::load;
use patchmark_report::store;
use patchmark_results::Decision;
use rand::{Rng, SeedableRng};
use tempfile::tempdir;

use crate::support::{command, patchmark, steady_run};

/// How often each command is killed; `make kill-test` sets more.
fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn killed_at_random_moments_only_whole_files_are_left() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let mut run = steady_run();
    store::write(&path.join("run"), &run).unwrap();
    run.started_unix_s += 1;
    store::write(&path.join("base"), &run).unwrap();
    fs::write(path.join("base/notes.txt"), "mine").unwrap();
    fs::copy(path.join("run/run.json"), path.join("base.json")).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let bench = [
        "bench",
        "--model=random-tiny",
        "--budget=1s",
        "--batch-sizes=1",
        "--processors=hf,fused",
        "--tower=vision",
        "--forward=native",
        "--out=bench",
    ];
    let commands: [&[&str]; 4] = [
        &["gate", "run", "--baseline=base", "--update"],
        &["gate", "run", "--baseline=base.json", "--update"],
        &["report", "run"],
        &bench,
    ];
    for arguments in commands {
        let started = Instant::now();
        assert!(patchmark(path, arguments).status.code() != Some(2));
        let whole = started.elapsed();
        for _ in 0..kills() {
            // Mostly in the last third, in which files are written.
            let share: f64 = if rng.random_bool(0.7) { rng.random_range(0.66..1.1) } else { rng.random() };
            let mut child =
                command(path, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(whole.mul_f64(share));
            // The command may already have ended.
            let _ = child.kill();
            child.wait().unwrap();
            for baseline in ["base", "base.json", "run"] {
                load::read(&path.join(baseline)).unwrap();
            }
            assert_eq!(fs::read_to_string(path.join("base/notes.txt")).unwrap(), "mine");
            let pictures = ["run/ratio.png", "base/ratio.png"].map(|name| fs::read(path.join(name)).unwrap());
            assert!(pictures.iter().all(|picture| picture.ends_with(b"IEND\xaeB`\x82")));
            if path.join("bench").exists() {
                load::read(&path.join("bench")).unwrap();
                assert!(path.join("bench/summary.md").exists() && path.join("bench/stages.csv").exists());
            }
            if path.join("runs/gate").exists() {
                let gate = fs::read(path.join("runs/gate/gate.json")).unwrap();
                serde_json::from_slice::<Decision>(&gate).unwrap();
            }
        }
    }
}

fn interrupt(process: u32) {
    let sent = Command::new("kill").args(["-INT", &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn the_first_interrupt_saves_and_the_second_leaves() {
    let folder = tempdir().unwrap();
    let arguments =
        ["compare", "naive", "naive", "--batch-sizes=8", "--budget=600s", "--min-effect=0", "--out=run"];
    let mut child =
        command(folder.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // By then the handler is set and rounds are timed; an earlier signal would end the process at once.
    thread::sleep(Duration::from_secs(20));
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let saved = fs::read(folder.path().join("run/compare.json")).unwrap();
    let decision: Decision = serde_json::from_slice(&saved).unwrap();
    assert!(decision.partial && decision.exit_code == 130);

    let arguments =
        ["compare", "naive", "naive", "--batch-sizes=64", "--budget=600s", "--min-effect=0", "--out=twice"];
    let mut child =
        command(folder.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_secs(20));
    interrupt(child.id());
    thread::sleep(Duration::from_millis(20));
    // The command may already have ended.
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
