//! What a gate decides about runs made here.

use std::{fs, path::Path};

use patchmark_results::{Decision, DecisionRow, Finding, Outcome, ParityStatus, Run, Verdict, fixtures};
use tempfile::tempdir;

use crate::{Allowed, FigureKind, Policy, history};

/// A run with rounds enough for verdicts.
fn run() -> Run {
    measured(5)
}

/// The same run taken at another time: its samples scatter in another way.
fn base() -> Run {
    measured(7)
}

/// A run whose samples repeat after `period` rounds.
fn measured(period: u32) -> Run {
    let rounds = |ms: f64| rounds(ms, period);
    let mut run = fixtures::run::run(&["hf", "fused"], &[8]);
    for batch in &mut run.batches {
        for row in &mut batch.forwards {
            row.forward_ms.samples = rounds(2_000.0);
        }
        for (row, ms) in batch.processors.iter_mut().zip([40.0, 2.0]) {
            row.preprocess_ms.samples = rounds(ms);
        }
    }
    run
}

fn rounds(ms: f64, period: u32) -> Vec<f64> {
    (0..40).map(|round| ms * (1.0 + f64::from(round * 3 % period) * 0.001)).collect()
}

fn decide(run: &Run, baseline: &Run, policy: &Policy, environment: bool) -> Decision {
    crate::decide(run, baseline, policy, Allowed { environment, identical: false }).unwrap()
}

fn slowed(factor: f64) -> Run {
    let mut run = run();
    run.batches[0].processors[1].preprocess_ms.samples.iter_mut().for_each(|ms| *ms *= factor);
    run
}

fn policy(text: &str) -> Policy {
    let folder = tempdir().unwrap();
    let file = folder.path().join("patchmark.toml");
    fs::write(&file, text).unwrap();
    Policy::read(&file).unwrap()
}

fn refused(text: &str) -> String {
    let folder = tempdir().unwrap();
    let file = folder.path().join("patchmark.toml");
    fs::write(&file, text).unwrap();
    Policy::read(&file).unwrap_err().to_string()
}

fn row<'a>(decision: &'a Decision, subject: &str, figure: &str) -> &'a DecisionRow {
    let found =
        decision.rows.iter().find(|row| row.subject.starts_with(subject) && row.figure.starts_with(figure));
    found.unwrap_or_else(|| panic!("no {figure} of {subject}: {:#?}", decision.rows))
}

#[test]
fn equal_runs_are_equivalent_in_every_figure() {
    let decision = decide(&run(), &base(), &Policy::default(), false);
    assert!(decision.rows.len() >= 6, "{:#?}", decision.rows);
    assert!(decision.rows.iter().all(|row| row.verdict == Verdict::Equivalent), "{:#?}", decision.rows);
    assert_eq!(decision.outcome(), Outcome::Done);
}

#[test]
fn only_a_change_beyond_the_minimum_effect_counts_and_both_ways() {
    for (factor, verdict, outcome) in [
        (1.5, Verdict::Regressed, Outcome::Regressed),
        (0.6, Verdict::Improved, Outcome::Done),
        (1.05, Verdict::Equivalent, Outcome::Done),
        // Exactly at the minimum effect: faster by it passes, slower by it does not.
        (1.0 / 1.1, Verdict::NotSlower, Outcome::Done),
        (1.1, Verdict::Inconclusive, Outcome::Inconclusive),
    ] {
        let decision = decide(&slowed(factor), &base(), &Policy::default(), false);
        for figure in ["preprocess ms", "ratio", "speed-up"] {
            assert_eq!(row(&decision, "fused", figure).verdict, verdict, "{figure} at {factor}");
        }
        assert_eq!(row(&decision, "hf", "preprocess ms").verdict, Verdict::Equivalent);
        assert_eq!(decision.outcome(), outcome);
    }
}

#[test]
fn another_machine_leaves_out_times_and_other_work_everything() {
    let mut machine = slowed(1.5);
    machine.environment.cpu = "another".into();
    let decision = decide(&machine, &base(), &Policy::default(), false);
    assert!(decision.rows.iter().all(|row| !row.figure.contains("ms")), "{:#?}", decision.rows);
    assert_eq!(row(&decision, "fused", "ratio").verdict, Verdict::Regressed);
    assert_eq!(decision.differences, ["CPU: another here, AMD EPYC 9R14 in the baseline"]);

    let mut work = run();
    work.settings.model = "random-tiny".into();
    let decision = decide(&work, &base(), &Policy::default(), false);
    assert!(decision.rows.is_empty(), "{:#?}", decision.rows);
    assert_eq!((decision.outcome(), decision.notes.len()), (Outcome::EnvironmentDiffers, 1));
    let decision = decide(&work, &base(), &Policy::default(), true);
    assert_eq!((decision.outcome(), decision.notes.len()), (Outcome::Done, 0));
}

#[test]
fn a_row_that_is_gone_or_failed_is_missing_and_a_new_one_is_no_failure() {
    let (mut gone, mut failed) = (run(), run());
    gone.batches[0].processors.pop();
    failed.batches[0].processors[1].preprocess_ms.samples.clear();
    for fewer in [&gone, &failed] {
        let decision = decide(fewer, &base(), &Policy::default(), false);
        assert_eq!(row(&decision, "fused", "preprocess ms").finding, Some(Finding::Missing));
        assert_eq!(decision.outcome(), Outcome::Inconclusive);
    }
    let decision = decide(&base(), &gone, &Policy::default(), false);
    assert_eq!(row(&decision, "fused", "preprocess ms").finding, Some(Finding::New));
    assert_eq!(decision.outcome(), Outcome::Done);
}

#[test]
fn what_must_be_equal_is_what_the_run_says() {
    let differs = |must_equal| {
        let mut run = slowed(1.5);
        let row = &mut run.batches[0].processors[1];
        row.parity = ParityStatus::Differs { values: 3, total: 768, detail: "by 1".into() };
        row.must_equal = must_equal;
        run
    };
    let decide = |candidate: &Run, base: &Run, text| decide(candidate, base, &policy(text), false).outcome();
    assert_eq!(decide(&differs(true), &base(), ""), Outcome::ParityFailed);
    // What was exact stays so, whatever the processor promises; what differed before may.
    assert_eq!(decide(&differs(false), &base(), ""), Outcome::ParityFailed);
    let before = |must_equal| {
        let mut before = differs(must_equal);
        // Another measurement of the same processor.
        before.batches[0].forwards[0].forward_ms.samples = rounds(2_000.0, 7);
        before
    };
    assert_eq!(decide(&differs(false), &before(false), ""), Outcome::Done);
    assert_eq!(
        decide(&differs(false), &before(false), "[[rows]]\nparity = \"exact\""),
        Outcome::ParityFailed
    );
    assert_eq!(decide(&differs(true), &before(true), "[[rows]]\nparity = \"differs\""), Outcome::Done);
    let mut unverified = run();
    unverified.batches[0].processors[1].parity = ParityStatus::NotVerified;
    let decision = crate::decide(&unverified, &base(), &Policy::default(), Allowed::default()).unwrap();
    assert_eq!(row(&decision, "fused", "parity").finding, Some(Finding::NotVerified));
    assert_eq!(
        decision.outcome(),
        Outcome::Inconclusive,
        "nothing differs, and nothing was shown to be equal"
    );
}

#[test]
fn a_later_entry_overrides_an_earlier_one_key_by_key() {
    let text = "min_effect = \"20%\"\n\
                [[rows]]\nprocessors = [\"fused\"]\nmin_effect = \"70%\"\nmax_ratio = 1.0\n\
                [[rows]]\nfigures = [\"time\"]\ncounts = false\n\
                [[rows]]\nprocessors = [\"fused\"]\nfigures = [\"ratio\"]\nmax_ratio = 0.0005";
    let decision = decide(&slowed(1.5), &base(), &policy(text), false);
    assert!(!row(&decision, "fused", "preprocess ms").counts && row(&decision, "fused", "speed-up").counts);
    assert_eq!(row(&decision, "fused", "speed-up").verdict, Verdict::Equivalent);
    assert_eq!(row(&decision, "fused", "ratio").finding, Some(Finding::Ceiling));
    assert_eq!(decision.outcome(), Outcome::Regressed);
}

#[test]
fn an_impossible_policy_is_refused_with_its_line() {
    for (text, expected) in [
        ("min_efect = \"10%\"", "unknown field `min_efect`"),
        ("\nmin_effect = nan", "line 2"),
        (
            "min_effect = 5",
            "5 has no unit: write \"5%\" if it is a percentage, or \"500%\" if it is a fraction of 1",
        ),
        ("[[rows]]\n\nmin_effect = 0.05", "line 3"),
        ("[[rows]]\nmin_effect = \"-1%\"", "not a percentage"),
        ("# [[rows]]\n\n[[rows]]\nprocessors = []", "line 3: processors is empty"),
        ("[[rows]]\nmax_ratio = 0.0", "line 2: max_ratio = 0 is not a number above zero"),
        ("[[rows]]\nprocessors = []", "line 1: processors is empty"),
        ("[[rows]]\ndevices = [\"gpu\"]", "choose from cpu or cuda"),
    ] {
        let error = refused(text);
        assert!(error.contains(expected) && error.contains("patchmark.toml"), "{text}: {error}");
    }
}

#[test]
fn a_history_finds_where_a_level_changed_and_says_what_it_left_out() {
    let folder = tempdir().unwrap();
    let save = |name: String, run: &Run| {
        fs::create_dir_all(folder.path().join(&name)).unwrap();
        fs::write(folder.path().join(name).join("run.json"), serde_json::to_vec(run).unwrap()).unwrap();
    };
    for number in 0..12_u32 {
        // Level after level differs by half a percent of noise, and the last six by half.
        let noise = 1.0 + f64::from(number * 3 % 4) * 0.005;
        let mut run = slowed(if number < 6 { noise } else { 1.5 * noise });
        run.started_unix_s += u64::from(number);
        run.environment.commit = format!("commit-{number}");
        save(format!("run-{number:02}"), &run);
    }
    let mut partial = run();
    partial.partial = true;
    save("partial".into(), &partial);
    let found = history::read(folder.path(), FigureKind::Ratio).unwrap();
    assert_eq!(found.commits.len(), 12);
    assert_eq!(found.notes, ["left out: 1 partial run"]);
    let fused = found.series.iter().find(|series| series.subject.starts_with("fused")).unwrap();
    assert_eq!(fused.changes.iter().map(|change| change.index).collect::<Vec<_>>(), [6]);
    let hf = found.series.iter().find(|series| series.subject.starts_with("hf")).unwrap();
    assert!(hf.changes.is_empty(), "{:?}", hf.changes);
    let error = history::read(Path::new("no such folder"), FigureKind::Ratio).unwrap_err();
    assert!(error.to_string().contains("no such folder"), "{error}");
}
