//! A command that is killed at any moment leaves only complete and valid files, and loses at most one round; signals save
//! what was measured.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use patchmark_gate::load;
use patchmark_report::{store, views};
use patchmark_results::{
    Decision, Run, Saved,
    journal::{Entry, journals_of, read},
};
use patchmark_statistics::recover;
use rand::{Rng, SeedableRng};
use tempfile::tempdir;

use crate::support::{command, patchmark, steady_run};

/// How often each command is killed; `make kill-test` sets more.
fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

const BENCH: [&str; 8] = [
    "bench",
    "--model=random-tiny",
    "--budget=3s",
    "--batch-sizes=1",
    "--processors=hf,fused",
    "--tower=vision",
    "--forward=native",
    "--out=bench",
];

const COMPARE: [&str; 6] = ["compare", "naive", "fused", "--batch-sizes=1", "--budget=4s", "--out=compare"];

const PARITY: [&str; 6] = [
    "parity",
    "--only-images",
    "--processors=hf,fused",
    "--max-num-patches=64",
    "--threads=1",
    "--out=parity",
];

const VALIDATE: [&str; 8] = [
    "validate",
    "fused",
    "--corpus=quick",
    "--model=none",
    "--only=keys,dtypes",
    "--batch-sizes=1",
    "--budget=1s",
    "--out=validate",
];

fn started(folder: &Path, arguments: &[&str]) -> Child {
    command(folder, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn signal(name: &str, process: u32) {
    // The command may already have ended.
    let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Waits for the child, at most so long.
fn ended_within(child: &mut Child, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Ends a command as the runner of a CI service does: INT, then TERM, then KILL, at a tenth of a runner's patience.
fn cancelled(child: &mut Child) {
    signal("-INT", child.id());
    if !ended_within(child, Duration::from_millis(750)) {
        signal("-TERM", child.id());
        if !ended_within(child, Duration::from_millis(250)) {
            let _ = child.kill();
        }
    }
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
    let commands: [&[&str]; 7] = [
        &["gate", "run", "--baseline=base", "--update"],
        &["gate", "run", "--baseline=base.json", "--update"],
        &["report", "run"],
        &BENCH,
        &COMPARE,
        &PARITY,
        &VALIDATE,
    ];
    for arguments in commands {
        let started_at = Instant::now();
        assert!(patchmark(path, arguments).status.code() != Some(2));
        let whole = started_at.elapsed();
        for _ in 0..kills() {
            // Mostly in the last third, in which files are written.
            let share: f64 = if rng.random_bool(0.7) { rng.random_range(0.66..1.1) } else { rng.random() };
            let mut child = started(path, arguments);
            thread::sleep(whole.mul_f64(share));
            if rng.random_bool(0.5) {
                cancelled(&mut child)
            } else {
                drop(child.kill())
            }
            child.wait().unwrap();
            for baseline in ["base", "base.json", "run"] {
                load::read(&path.join(baseline)).unwrap();
            }
            assert_eq!(fs::read_to_string(path.join("base/notes.txt")).unwrap(), "mine");
            for result in ["run", "base", "bench", "compare", "parity", "validate", "runs/gate"] {
                whole_result(&path.join(result));
            }
            for measured in ["bench", "compare"] {
                recoverable(path, measured);
            }
        }
    }
}

/// Checks that a result is whole: its documents, and either all of its pictures or none, of which none is cut short.
fn whole_result(folder: &Path) {
    if !folder.exists() {
        return;
    }
    let saved = Saved::read(folder).unwrap();
    assert!(folder.join("summary.md").exists());
    for chart in views::of(&saved).charts().unwrap() {
        let file = |format| folder.join(format!("{}.{format}", chart.name()));
        let drawn = ["svg", "png", "csv"].map(|format| file(format).exists());
        let page = folder.join("report.html").exists();
        assert_eq!(drawn, [page; 3], "{} of {}", chart.name(), folder.display());
    }
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("png") => assert!(bytes.ends_with(b"IEND\xaeB`\x82"), "{}", file.display()),
            Some("svg") => assert!(bytes.trim_ascii_end().ends_with(b"</svg>"), "{}", file.display()),
            Some("html") => assert!(bytes.trim_ascii_end().ends_with(b"</html>"), "{}", file.display()),
            _ => {}
        }
    }
}

/// Recovers what a killed command measured, if anything is left of it: as many rounds as its journal has whole lines.
fn recoverable(path: &Path, name: &str) {
    let folder = path.join(name);
    for journal in journals_of(&folder) {
        let Ok(contents) = read(&journal) else {
            // Killed while it wrote the first line.
            assert!(fs::read(&journal).unwrap().iter().all(|byte| *byte != b'\n'));
            fs::remove_file(&journal).unwrap();
            continue;
        };
        let rounds = contents.entries.iter().filter(|entry| matches!(entry, Entry::Round { .. })).count();
        let samples = contents.entries.iter().filter_map(|entry| match entry {
            Entry::Samples(samples) => Some(&samples.processors),
            _ => None,
        });
        let samples: usize = samples.flatten().map(|processor| processor.preprocess_ms.len()).sum();
        let holds = !recover::results(contents).is_empty();
        let output = patchmark(path, &["report", "--recover", journal.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(if holds { 0 } else { 2 }), "{output:?}");
        if !holds {
            fs::remove_file(&journal).unwrap();
            continue;
        }
        assert!(!journal.exists(), "it is folded in");
        match Saved::read(&folder).unwrap() {
            Saved::Run(run) => {
                assert!(run.partial);
                let rows = run.batches.iter().flat_map(|batch| &batch.processors);
                assert_eq!(rows.map(|row| row.preprocess_ms.samples.len()).sum::<usize>(), samples);
            }
            Saved::Decision(decision) => {
                assert!(decision.partial);
                assert_eq!(decision.rows.iter().map(|row| row.rounds).sum::<usize>(), rounds);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Waits until a measurement's journal has samples.
fn wait_for_samples(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let contents = journals_of(folder).first().and_then(|journal| read(journal).ok());
        if contents.is_some_and(|contents| !recover::results(contents).is_empty()) {
            return;
        }
        assert!(Instant::now() < deadline, "nothing was measured");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_first_signal_saves_and_so_does_the_second() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    let compare = ["compare", "naive", "naive", "--batch-sizes=8", "--budget=600s", "--out=run"];
    let bench: Vec<&str> =
        BENCH.iter().map(|word| if word.starts_with("--budget") { "--budget=600s" } else { word }).collect();
    for (arguments, out) in [(&compare[..], "run"), (&bench, "bench")] {
        for signals in [&["-INT"][..], &["-TERM"], &["-INT", "-INT"], &["-INT", "-TERM"]] {
            let mut child = started(path, arguments);
            wait_for_samples(&path.join(out));
            signals.iter().for_each(|name| signal(name, child.id()));
            assert_eq!(child.wait().unwrap().code(), Some(130), "{arguments:?} {signals:?}");
            let (partial, rounds) = match Saved::read(&path.join(out)).unwrap() {
                Saved::Run(Run { partial, batches, .. }) => {
                    (partial, batches[0].processors.iter().map(|row| row.preprocess_ms.samples.len()).sum())
                }
                Saved::Decision(Decision { partial, rows, .. }) => {
                    (partial, rows.iter().map(|row| row.rounds).sum::<usize>())
                }
                other => panic!("{other:?}"),
            };
            assert!(partial && rounds > 0, "{arguments:?} {signals:?}");
            assert!(journals_of(&path.join(out)).is_empty(), "{arguments:?} {signals:?}");
            fs::remove_dir_all(path.join(out)).unwrap();
        }
    }
}

#[test]
fn an_interrupt_before_the_first_sample_replaces_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path();
    store::write(&path.join("bench"), &steady_run()).unwrap();
    let before = fs::read(path.join("bench/run.json")).unwrap();
    // random-base takes some seconds to make.
    let mut bench = BENCH;
    bench[1] = "--model=random-base";
    let compare = ["compare", "hf", "fused", "--budget=60s", "--out=compare"];
    let parity = ["parity", "--out=parity"];
    for (arguments, out) in [(&bench[..], "bench"), (&compare, "compare"), (&parity, "parity")] {
        let mut child = started(path, arguments);
        // The handler is set within a fraction of this, and nothing is measured so early.
        thread::sleep(Duration::from_millis(1200));
        // Not INT, which a process inherits as ignored from a shell's background job.
        signal("-TERM", child.id());
        let status = child.wait().unwrap();
        assert!(matches!(status.code(), Some(130) | None), "{arguments:?}: {status:?}");
        assert!(journals_of(&path.join(out)).is_empty(), "{arguments:?}");
        assert!(out == "bench" || !path.join(out).exists(), "{arguments:?}");
    }
    assert_eq!(fs::read(path.join("bench/run.json")).unwrap(), before);
}
