//! `patchmark history` on runs made for the tests.

use std::fs;

use tempfile::tempdir;

use crate::support::{patchmark, refuses, steady_run};

#[test]
fn a_slower_commit_is_found_by_name_and_drawn() {
    let folder = tempdir().unwrap();
    for number in 0..16u64 {
        let mut run = steady_run();
        run.started_unix_s = number;
        run.environment.commit = format!("commit{number:02}");
        run.partial = number == 3;
        for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
            // A little noise from run to run; from the run with number 10 on, one processor takes 20% longer.
            let level = 1.0 + 0.01 * (number * 7 % 5) as f64;
            let slower = if row.name == "batched" && number >= 10 { 1.2 } else { 1.0 };
            row.preprocess_ms.samples.iter_mut().for_each(|sample| *sample *= level * slower);
        }
        let dir = folder.path().join(format!("runs-of-ci/{number}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("run.json"), serde_json::to_string(&run).unwrap()).unwrap();
    }
    let output = patchmark(folder.path(), &["history", "runs-of-ci", "--out=trend"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("15 runs, commit00 to commit15\n"), "{text}");
    for line in text.lines().filter(|line| line.contains("ratio")) {
        assert_eq!(line.contains("at commit10"), line.starts_with("batched"), "{line}");
    }
    assert!(text.contains("left out: 1 partial run\n"), "{text}");
    for name in ["trend.svg", "trend.png", "trend.csv"] {
        assert!(fs::metadata(folder.path().join("trend").join(name)).unwrap().len() > 1000, "{name}");
    }
    for figure in ["speedup", "time"] {
        let output = patchmark(folder.path(), &["history", "runs-of-ci", "--out=trend", "--figure", figure]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn folders_without_runs_and_damaged_runs_are_refused() {
    let folder = tempdir().unwrap();
    refuses(folder.path(), &["history", "missing"], "missing");
    fs::create_dir_all(folder.path().join("runs-of-ci/1")).unwrap();
    refuses(folder.path(), &["history", "runs-of-ci"], "no complete run");
    fs::write(folder.path().join("runs-of-ci/1/run.json"), "{").unwrap();
    refuses(folder.path(), &["history", "runs-of-ci"], "run.json");
    refuses(folder.path(), &["report", "--index", "runs-of-ci"], "run.json");
}

#[test]
fn one_damaged_run_among_many_is_left_out_by_name() {
    let folder = tempdir().unwrap();
    let whole = serde_json::to_string(&steady_run()).unwrap();
    for (name, text) in [("a", whole.as_str()), ("b", &whole), ("c", &whole[..whole.len() / 2])] {
        fs::create_dir_all(folder.path().join("of-ci").join(name)).unwrap();
        fs::write(folder.path().join("of-ci").join(name).join("run.json"), text).unwrap();
    }
    let output = patchmark(folder.path(), &["history", "of-ci", "--out=trend"]);
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(5), "{errors}");
    assert!(
        text.starts_with("2 runs, ") && text.contains("left out: of-ci/c/run.json is cut short"),
        "{text}"
    );
    assert!(
        errors.contains("of-ci/c/run.json") && folder.path().join("trend/trend.svg").exists(),
        "{errors}"
    );

    let output = patchmark(folder.path(), &["report", "--index", "of-ci"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{errors}");
    assert!(errors.contains("2 results listed") && errors.contains("of-ci/c/run.json"), "{errors}");
}
