//! `patchmark gate` as a whole, on runs made for the tests.

use std::{fs, path::Path};

use patchmark_results::{Decision, Finding, ParityStatus, ProcessorRow, Run, Verdict, read_run};
use tempfile::{TempDir, tempdir};

use crate::support::{patchmark, refuses, steady_run, steady_run_again};

/// A folder with `base.json`, and `run.json`, measured at another time and changed by `change`.
fn folder(change: impl Fn(&mut Run)) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("base.json"), serde_json::to_string(&steady_run()).unwrap()).unwrap();
    let mut run = steady_run_again();
    change(&mut run);
    fs::write(folder.path().join("run.json"), serde_json::to_string(&run).unwrap()).unwrap();
    folder
}

/// The gate's exit code and decision.
#[track_caller]
fn gate(folder: &Path, options: &[&str]) -> (i32, Decision) {
    let arguments = ["gate", "run.json", "--baseline=base.json", "--out=gate", "--json"];
    let output = patchmark(folder, &[&arguments, options].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let decision = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    (output.status.code().unwrap(), decision)
}

fn slow(run: &mut Run, processor: &str, factor: f64) {
    for row in run.batches.iter_mut().flat_map(|batch| &mut batch.processors) {
        if row.name == processor {
            row.preprocess_ms.samples.iter_mut().for_each(|sample| *sample *= factor);
        }
    }
}

#[test]
fn a_run_passes_against_one_like_it_and_against_itself_only_if_that_is_allowed() {
    let folder = folder(|_| ());
    let itself = ["gate", "base.json", "--baseline=base.json", "--out=gate"];
    let output = patchmark(folder.path(), &itself);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("identical inputs: ") && text.ends_with("are the same (exit code 5)\n"), "{text}");
    let output = patchmark(folder.path(), &[itself.as_slice(), &["--allow-identical"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let (code, decision) = gate(folder.path(), &[]);
    assert_eq!((code, decision.verdict), (0, Verdict::Equivalent));
    assert!(decision.rows.iter().any(|row| row.figure == "preprocess ms"));
}

#[test]
fn a_slower_processor_fails_in_every_figure() {
    let folder = folder(|run| slow(run, "batched", 1.3));
    let (code, decision) = gate(folder.path(), &[]);
    assert_eq!((code, decision.verdict), (3, Verdict::Regressed));
    let worse = decision.rows.iter().filter(|row| row.verdict == Verdict::Regressed);
    assert!(worse.clone().all(|row| row.subject == "batched (HWC)"));
    // Two ratios, a speed-up and a time at each of four batch sizes.
    assert_eq!(worse.count(), 16);
    assert!(folder.path().join("gate/junit.xml").exists());
}

#[test]
fn another_machine_compares_ratios_and_exits_6_unless_allowed() {
    let elsewhere = |run: &mut Run| run.environment.cpu = "another CPU".into();
    let (code, decision) = gate(folder(elsewhere).path(), &[]);
    assert_eq!(code, 6);
    assert!(
        decision.differences.iter().any(|text| text.contains("another CPU")),
        "{:?}",
        decision.differences
    );
    assert!(decision.rows.iter().all(|row| !row.figure.ends_with(" ms")));
    assert!(decision.rows.iter().any(|row| row.figure == "speed-up over hf"));
    assert_eq!(gate(folder(elsewhere).path(), &["--allow-environment"]).0, 0);
    // A regression fails on any machine.
    let worse = folder(|run| {
        elsewhere(run);
        slow(run, "naive", 2.0);
    });
    assert_eq!(gate(worse.path(), &[]).0, 3);
}

#[test]
fn a_missing_row_fails_and_a_new_one_is_told() {
    let lacks = |run: &mut Run| {
        run.batches.iter_mut().for_each(|batch| {
            batch.processors.retain(|row| row.name != "threaded");
        })
    };
    let (code, decision) = gate(folder(lacks).path(), &[]);
    assert_eq!(code, 5);
    assert!(decision.rows.iter().any(|row| row.finding == Some(Finding::Missing)));
    let gains = folder(|run| run.batches[0].processors[4].name = "quick".into());
    fs::rename(gains.path().join("run.json"), gains.path().join("new.json")).unwrap();
    let lost = gate_with_more(gains.path());
    assert!(lost.rows.iter().any(|row| row.finding == Some(Finding::New)));
    assert_eq!(lost.exit_code, 0);
}

/// Gates a run that has one more processor than the baseline.
fn gate_with_more(folder: &Path) -> Decision {
    let mut run = steady_run_again();
    let extra = run.batches[0].processors[4].clone();
    run.batches[0].processors.push(ProcessorRow { name: "quick".into(), ..extra });
    fs::write(folder.join("run.json"), serde_json::to_string(&run).unwrap()).unwrap();
    gate(folder, &[]).1
}

#[test]
fn lost_parity_outranks_speed() {
    let broken = folder(|run| {
        slow(run, "batched", 1.5);
        run.batches[0].processors[5].parity =
            ParityStatus::Differs { values: 3, total: 9, detail: "pixel_values[0]".into() };
    });
    let (code, decision) = gate(broken.path(), &[]);
    assert_eq!(code, 4);
    assert!(decision.rows.iter().any(|row| row.figure == "parity"));
}

#[test]
fn a_policy_chooses_rows_effects_and_ceilings() {
    let folder = folder(|run| slow(run, "batched", 1.3));
    let policy = |text: &str| {
        fs::write(folder.path().join("patchmark.toml"), text).unwrap();
        gate(folder.path(), &[]).0
    };
    assert_eq!(policy("min_effect = \"50%\""), 0);
    assert_eq!(policy("[[rows]]\nprocessors = [\"batched\"]\ncounts = false"), 0);
    assert_eq!(policy("[[rows]]\nprocessors = [\"batched\"]\nmin_effect = \"50%\""), 0);
    let on_gpus = "[[rows]]\ndevices = [\"cuda\"]\nmin_effect = \"50%\"\nallow_empty = true";
    assert_eq!(policy(on_gpus), 3);
    assert_eq!(policy("min_effect = \"50%\"\n[[rows]]\nprocessors = [\"batched\"]\nmax_ratio = 0.125"), 0);
    assert_eq!(policy("min_effect = \"50%\"\n[[rows]]\nprocessors = [\"batched\"]\nmax_ratio = 0.0001"), 3);
    assert_eq!(policy("min_effect = \"50%\"\n[[rows]]\nprocessors = [\"hf-pil\"]\nparity = \"exact\""), 4);
}

#[test]
fn wrong_policies_are_refused_with_line_and_key() {
    let folder = folder(|_| ());
    for (text, place, key) in [
        ("min_efect = \"10%\"", "line 1", "min_efect"),
        ("\n[[rows]]\nprocesors = [\"a\"]", "line 3", "procesors"),
        ("min_effect = \"-10%\"", "line 1", "min_effect"),
        ("min_effect = 5", "line 1", "\"500%\""),
        ("\n[[rows]]\nmin_effect = 0.05", "line 3", "\"5%\""),
        ("[[rows]]\nprocessors = [\"batchd\"]", "line 2", "did you mean batched?"),
        ("\n[[rows]]\nmax_ratio = 0.0", "line 3", "max_ratio"),
        ("[[rows]]\nfigures = [\"speed\"]", "line 2", "speed"),
        ("[[rows]]\ndevices = [\"gpu\"]", "line 2", "gpu"),
        ("min_effect = \"10%\"\nmin_effect = \"20%\"", "line 2", "min_effect"),
        ("[[rows]]\nprocessors = []", "line 1", "processors"),
        ("inconclusive = \"maybe\"", "line 1", "maybe"),
    ] {
        fs::write(folder.path().join("policy.toml"), text).unwrap();
        let arguments = ["gate", "run.json", "--baseline=base.json", "--policy=policy.toml"];
        for named in ["policy.toml", place, key] {
            refuses(folder.path(), &arguments, named);
        }
    }
}

#[test]
fn update_makes_a_baseline_and_a_partial_run_never_is_one() {
    let folder = folder(|run| slow(run, "batched", 1.3));
    let update = ["gate", "run.json", "--update", "--out=gate"];
    let output = patchmark(folder.path(), &[update.as_slice(), &["--baseline=fresh"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run = read_run(&folder.path().join("run.json")).unwrap();
    assert_eq!(read_run(&folder.path().join("fresh")).unwrap(), run);

    let output = patchmark(folder.path(), &[update.as_slice(), &["--baseline=base.json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("regressed"), "the changes are shown");
    assert_eq!(read_run(&folder.path().join("base.json")).unwrap(), run);

    let partial = Run { partial: true, ..run };
    fs::write(folder.path().join("run.json"), serde_json::to_string(&partial).unwrap()).unwrap();
    refuses(folder.path(), &["gate", "run.json", "--baseline=base.json", "--update"], "partial");
    refuses(folder.path(), &["gate", "base.json", "--baseline=run.json"], "partial");
}

#[test]
fn a_first_gate_without_a_baseline_says_how_to_make_one() {
    let folder = folder(|_| ());
    refuses(folder.path(), &["gate", "run.json", "--baseline=none"], "--update");
}

#[test]
fn a_policy_that_guards_nothing_is_told_in_every_output() {
    let folder = folder(|_| ());
    let policy = "\n[[rows]]\nprocessors = [\"loader-8\"]\nmax_ratio = 0.5";
    fs::write(folder.path().join("patchmark.toml"), policy).unwrap();
    let arguments = ["gate", "run.json", "--baseline=base.json", "--out=gate", "--format=github"];
    let output = patchmark(folder.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{text}");
    assert!(text.contains("selects nothing: patchmark.toml, line 2: "), "{text}");
    assert!(text.contains("::error title=patchmark gate::selects nothing: patchmark.toml, line 2"), "{text}");
    for (file, said) in [
        ("summary.md", "**selects nothing**: patchmark.toml, line 2"),
        ("junit.xml", "<testcase name=\"patchmark.toml, line 2\""),
        ("report.html", "selects nothing"),
        ("gate.json", "\"no_row\""),
    ] {
        let written = fs::read_to_string(folder.path().join("gate").join(file)).unwrap();
        assert!(written.contains(said), "{file}: {written}");
    }
}

#[test]
fn github_gets_annotations() {
    let folder = folder(|run| slow(run, "batched", 1.3));
    let arguments = ["gate", "run.json", "--baseline=base.json", "--format=github"];
    let text = String::from_utf8(patchmark(folder.path(), &arguments).stdout).unwrap();
    assert!(
        text.contains("\n::error title=patchmark gate::batched (HWC), batch 1: ratio (native): "),
        "{text}"
    );
}

#[test]
fn the_summary_of_a_step_is_appended_to_and_never_grows_beyond_what_github_accepts() {
    let folder = folder(|run| slow(run, "batched", 1.3));
    gate(folder.path(), &[]);
    let step = folder.path().join("step.md");
    let append = || {
        let output = patchmark(folder.path(), &["report", "gate", "--append=step.md"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        (fs::read_to_string(&step).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    fs::write(&step, "# Mine\n").unwrap();
    let (text, _) = append();
    assert!(text.starts_with("# Mine\n# Patchmark gate: regressed\n"), "{text}");
    fs::write(&step, "x".repeat((1 << 20) - 5000)).unwrap();
    let (text, _) = append();
    assert!(text.len() <= 1 << 20 && text.contains("rows of tables left out here"), "{}", text.len());
    fs::write(&step, "x".repeat(1 << 20)).unwrap();
    let (text, errors) = append();
    assert!(text.len() == 1 << 20 && errors.contains("is full"), "{errors}");
}

#[test]
fn the_schemas_are_written_where_asked() {
    let folder = tempdir().unwrap();
    assert_eq!(patchmark(folder.path(), &["schema", "--out=schemas"]).status.code(), Some(0));
    let written = fs::read_to_string(folder.path().join("schemas/validation.schema.json")).unwrap();
    assert!(written.contains("\"title\": \"Validation\""), "{written}");
}
