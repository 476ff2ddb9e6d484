//! Decisions that guard nothing, or less than their policy says.

use std::fs;

use patchmark_results::{Decision, GapKind, InputError, Outcome, Run, Verdict, fixtures};
use tempfile::tempdir;

use crate::{Allowed, Policy, decide};

/// A run of `hf` and `fused` at batch sizes 1 and 8 whose samples scatter by `seed`.
fn run(seed: u32) -> Run {
    let mut run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    let rounds =
        |ms: f64| (0..40).map(|round| ms * (1.0 + f64::from((round * 3 + seed) % 7) * 0.001)).collect();
    for batch in &mut run.batches {
        batch.forwards.iter_mut().for_each(|row| row.forward_ms.samples = rounds(2_000.0));
        for (row, ms) in batch.processors.iter_mut().zip([40.0, 2.0]) {
            row.preprocess_ms.samples = rounds(ms);
        }
    }
    run
}

fn policy(text: &str) -> Policy {
    let folder = tempdir().unwrap();
    let file = folder.path().join("patchmark.toml");
    fs::write(&file, text).unwrap();
    Policy::read(&file).unwrap()
}

fn decided(text: &str) -> Decision {
    decide(&run(0), &run(1), &policy(text), Allowed::default()).unwrap()
}

/// The kind of each gap, and the line it names (0 for none).
fn gaps(decision: &Decision) -> Vec<(GapKind, usize)> {
    let line = |place: &str| place.rsplit_once("line ").map_or(0, |(_, line)| line.parse().unwrap());
    decision.gaps.iter().map(|gap| (gap.kind, line(&gap.place))).collect()
}

#[test]
fn a_policy_that_applies_leaves_no_gap() {
    for text in [
        "",
        "[[rows]]\nprocessors = [\"hf\"]\ncounts = false",
        "[[rows]]\nprocessors = [\"fused\", \"hf\"]\nbatch_sizes = [8, 1]\nfigures = [\"ratio\"]\nmax_ratio = 0.5",
        "[[rows]]\ndevices = [\"cpu\"]\nfigures = [\"time\", \"speedup\", \"ratio\"]",
    ] {
        let decision = decided(text);
        assert_eq!((gaps(&decision), decision.outcome()), (Vec::new(), Outcome::Done), "{text}");
    }
}

#[test]
fn what_an_entry_names_and_no_row_has_is_a_finding_with_its_line() {
    use GapKind::{NoRatio, NoRow};
    for (text, expected) in [
        ("\n[[rows]]\nprocessors = [\"batched\"]\nmax_ratio = 0.1", vec![(NoRow, 2)]),
        ("[[rows]]\nbatch_sizes = [64]", vec![(NoRow, 1)]),
        ("[[rows]]\ndevices = [\"cuda\"]\ncounts = false", vec![(NoRow, 1)]),
        // hf has no speed-up over itself.
        ("[[rows]]\nprocessors = [\"hf\"]\nfigures = [\"speedup\"]", vec![(NoRow, 1)]),
        ("[[rows]]\nprocessors = [\n\"fused\",\n\"batched\"]", vec![(NoRow, 4)]),
        ("[[rows]]\nbatch_sizes = [1, 64, 8, 2]", vec![(NoRow, 2), (NoRow, 2)]),
        ("[[rows]]\ndevices = [\"cpu\", \"cuda\"]", vec![(NoRow, 2)]),
        ("[[rows]]\nprocessors = [\"hf\"]\nfigures = [\"ratio\", \"speedup\"]", vec![(NoRow, 3)]),
        ("[[rows]]\nprocessors = [\"loader-8\"]", vec![(NoRow, 1)]),
        ("[[rows]]\nprocessors = [\"python:mine.py:Mine\", \"fused\"]", vec![(NoRow, 2)]),
        ("[[rows]]\nfigures = [\"time\"]\nmax_ratio = 0.5", vec![(NoRatio, 3)]),
        (
            "[[rows]]\ncounts = false\n[[rows]]\nfigures = [\"time\"]\ncounts = true\n[[rows]]\nmax_ratio = 0.5",
            vec![(NoRatio, 7)],
        ),
    ] {
        let decision = decided(text);
        assert_eq!(gaps(&decision), expected, "{text}: {:#?}", decision.gaps);
        let ends = (decision.verdict, decision.outcome());
        assert_eq!(ends, (Verdict::Inconclusive, Outcome::Inconclusive), "{text}");
    }
}

#[test]
fn a_pair_of_names_that_was_never_measured_is_a_finding() {
    let without = |mut run: Run| {
        run.batches[0].processors.pop();
        run
    };
    let text = "[[rows]]\nprocessors = [\"hf\", \"fused\"]\nbatch_sizes = [1, 8]";
    let decide =
        |run: &Run, baseline: &Run| decide(run, baseline, &policy(text), Allowed::default()).unwrap();
    let decision = decide(&without(run(0)), &without(run(1)));
    assert_eq!(gaps(&decision), [(GapKind::NoRow, 2)]);
    assert!(decision.gaps[0].detail.contains("fused at batch size 1"), "{:?}", decision.gaps);
    // What the baseline has is missing instead, and a row is new if only the run has it.
    assert_eq!(gaps(&decide(&without(run(0)), &run(1))), []);
    assert_eq!(gaps(&decide(&run(0), &without(run(1)))), []);
}

#[test]
fn a_ceiling_without_a_measured_ratio_is_a_finding() {
    let alone = |seed| {
        let mut run = run(seed);
        run.batches.iter_mut().for_each(|batch| batch.forwards.clear());
        run
    };
    let text = "[[rows]]\nprocessors = [\"fused\"]\nmax_ratio = 0.1";
    let decision = decide(&alone(0), &alone(1), &policy(text), Allowed::default()).unwrap();
    assert_eq!(gaps(&decision), [(GapKind::NoRatio, 3)]);
}

#[test]
fn an_entry_may_find_nothing_if_it_says_so_but_its_own_words_must_agree() {
    for text in [
        "[[rows]]\nprocessors = [\"batched\", \"fused\"]\nallow_empty = true",
        "[[rows]]\ndevices = [\"cuda\"]\nmax_ratio = 0.5\nallow_empty = true",
    ] {
        let decision = decided(text);
        assert_eq!((gaps(&decision), decision.outcome()), (Vec::new(), Outcome::Done), "{text}");
        assert!(decision.notes.iter().any(|note| note.contains("line 1")), "{:?}", decision.notes);
    }
    let decision = decided("[[rows]]\nfigures = [\"time\"]\nmax_ratio = 0.5\nallow_empty = true");
    assert_eq!(gaps(&decision), [(GapKind::NoRatio, 3)]);
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    let mut own = run(0);
    own.batches[0].processors[1].name = "quickest".into();
    let refused = |text: &str| {
        let error = decide(&own, &run(1), &policy(text), Allowed::default()).unwrap_err();
        assert!(error.is::<InputError>(), "{error:?}");
        error.to_string()
    };
    let message = refused("[[rows]]\nprocessors = [\n\"fused\",\n\"batchd\"]\nallow_empty = true");
    assert!(
        message.contains("patchmark.toml, line 4") && message.contains("did you mean batched?"),
        "{message}"
    );
    assert!(refused("[[rows]]\nprocessors = [\"quikest\"]").contains("did you mean quickest?"));
    assert!(refused("[[rows]]\nprocessors = [\"opencv\"]").contains("choose from hf, quickest, fused"));
    assert!(refused("[[rows]]\nprocessors = [\"\"]").contains("line 2"));
    let known = "[[rows]]\nprocessors = [\"quickest\", \"fused-cuda\", \"transformers==4.57.6\"]";
    assert!(decide(&own, &run(1), &policy(known), Allowed::default()).is_ok());
}

#[test]
fn nothing_that_counts_is_a_finding_and_no_pass() {
    let without = |mut run: Run| {
        run.batches.iter_mut().for_each(|batch| batch.processors.truncate(1));
        run
    };
    let short = |seed| {
        let mut run = run(seed);
        for batch in &mut run.batches {
            batch.forwards.iter_mut().for_each(|row| row.forward_ms.samples.truncate(3));
            batch.processors.iter_mut().for_each(|row| row.preprocess_ms.samples.truncate(3));
        }
        run
    };
    let lenient = "inconclusive = \"pass\"";
    let only_fused = format!(
        "{lenient}\n[[rows]]\ncounts = false\n[[rows]]\nprocessors = [\"fused\"]\nfigures = [\"time\"]\ncounts = true"
    );
    for (run, baseline, text) in [
        (run(0), run(1), "[[rows]]\ncounts = false"),
        (run(0), without(run(1)), only_fused.as_str()),
        (short(0), short(1), lenient),
    ] {
        let decision = decide(&run, &baseline, &policy(text), Allowed::default()).unwrap();
        assert_eq!(gaps(&decision), [(GapKind::NothingCounts, 0)], "{text}");
        assert_eq!(decision.outcome(), Outcome::Inconclusive, "{text}");
    }
}

#[test]
fn a_run_against_itself_is_a_finding_unless_it_is_allowed() {
    let mut resaved = run(0);
    resaved.started_unix_s += 100;
    resaved.notes.push("another note".into());
    let decide = |baseline: &Run, identical| {
        let allowed = Allowed { identical, ..Allowed::default() };
        decide(&run(0), baseline, &Policy::default(), allowed).unwrap()
    };
    for same in [&run(0), &resaved] {
        let decision = decide(same, false);
        assert_eq!((gaps(&decision), decision.exit_code), (vec![(GapKind::Identical, 0)], 5));
        let decision = decide(same, true);
        assert_eq!((gaps(&decision), decision.exit_code, decision.verdict), (vec![], 0, Verdict::Equivalent));
        assert!(decision.notes.iter().any(|note| note.contains("--allow-identical")), "{:?}", decision.notes);
    }
    // One other sample is another measurement.
    let mut other = run(0);
    other.batches[1].processors[1].preprocess_ms.samples[0] *= 1.01;
    assert_eq!(decide(&other, false).exit_code, 0);
}
