//! The headline of a result and the exit code of its command say the same.

use patchmark_results::{
    CheckVerdict, Estimate, Outcome, Parity, ParityStatus, PartialBecause, Run, Validation, Verdict,
    fixtures::{parity, run, validation},
    parity::ParityFailure,
};

use crate::View;

/// What a headline must and must not say for an outcome.
#[track_caller]
fn agrees(result: &dyn View, outcome: Outcome, expected: Outcome, says: &str) {
    let headline = result.headline();
    assert_eq!(outcome, expected, "{headline}");
    assert!(headline.contains(says), "{expected:?} must say {says:?}: {headline}");
    assert!(result.summary().replace('\\', "").contains(says), "{}", result.summary());
    let troubles = [
        "differ",
        "nterrupt",
        "Partial",
        "ailed",
        "slower",
        "not measured",
        "not decided",
        "not fully",
        "Not fully",
    ];
    if outcome == Outcome::Done {
        assert!(!troubles.iter().any(|word| headline.contains(word)), "{headline}");
    }
}

#[test]
fn of_runs() {
    let differs = || ParityStatus::Differs { values: 1, total: 9, detail: "x".to_owned() };
    type Change = fn(&mut Run, ParityStatus);
    let cases: [(Change, Outcome, &str); 9] = [
        (|_, _| (), Outcome::Done, "as fast as hf"),
        (|run, _| run.batches.clear(), Outcome::Done, "Nothing was measured"),
        (
            |run, _| run.batches[0].processors[1].parity = ParityStatus::NotVerified,
            Outcome::Done,
            "At batch 8",
        ),
        (
            |run, to| run.batches[0].processors[1].parity = to,
            Outcome::ParityFailed,
            "reference's differ: fused.",
        ),
        (
            |run, to| {
                run.batches[0].processors[1].parity = to;
                run.partial = true;
            },
            Outcome::ParityFailed,
            "reference's differ: fused.",
        ),
        (
            |run, _| (run.partial, run.partial_because) = (true, Some(PartialBecause::Interrupted)),
            Outcome::Interrupted,
            "Partial run: it was interrupted.",
        ),
        (
            |run, _| (run.partial, run.partial_because) = (true, Some(PartialBecause::DeviceLost)),
            Outcome::Inconclusive,
            "Partial run: the GPU was lost.",
        ),
        (
            |run, _| run.batches[0].processors[0].failure = Some("x".into()),
            Outcome::Inconclusive,
            "Failed: hf.",
        ),
        (
            |run, _| run.batches[0].forwards[0].forward_ms.samples.clear(),
            Outcome::Inconclusive,
            "Forward not measured: native at batch 1.",
        ),
    ];
    for (change, outcome, says) in cases {
        let mut run = run::run(&["hf", "fused"], &[1, 8]);
        run.batches[0].processors[0].speedup_over_hf = Some(Estimate { median: 1.0, low: 1.0, high: 1.0 });
        change(&mut run, differs());
        agrees(&run, run.outcome(), outcome, says);
        let text = run.text(100);
        assert_eq!(text.contains("(exit code"), outcome != Outcome::Done, "{text}");
    }
}

#[test]
fn of_comparisons() {
    let equal = || parity::row("fused", 256, true, &[]);
    let differs = |must| parity::row("naive", 256, must, &[(0, Some(1.0))]);
    let failure = || ParityFailure {
        processor: "batched".into(),
        max_num_patches: 256,
        images: 0,
        reason: "out of memory".into(),
    };
    let of = |rows, failures, partial| Parity { rows, failures, partial, ..parity::parity(2) };
    for (parity, outcome, says) in [
        (of(vec![equal()], vec![], false), Outcome::Done, "fused equals hf bit for bit"),
        (of(vec![differs(false)], vec![], false), Outcome::Done, "No processor that must equal hf"),
        (
            of(vec![equal(), differs(true)], vec![], true),
            Outcome::ParityFailed,
            "1 of 2 processors differs from hf",
        ),
        (of(vec![equal()], vec![], true), Outcome::Interrupted, "before the interruption"),
        (of(vec![], vec![], true), Outcome::Interrupted, "before the interruption"),
        (of(vec![equal()], vec![failure()], false), Outcome::Inconclusive, "Not fully compared: batched."),
        (of(vec![], vec![failure()], false), Outcome::Inconclusive, "Not fully compared: batched."),
    ] {
        agrees(&parity, parity.outcome(), outcome, says);
    }
}

#[test]
fn of_validations() {
    use CheckVerdict::{Failed, NotRun, Passed};
    use Verdict::{Equivalent, Inconclusive, Regressed};
    for (check, speed, missing, outcome, says) in [
        (Passed, Some(Equivalent), false, Outcome::Done, "may replace hf: all 2 checks passed"),
        (Passed, None, false, Outcome::Done, "may replace hf"),
        (Passed, Some(Regressed), false, Outcome::Regressed, "is correct but slower than hf"),
        (Failed, Some(Regressed), false, Outcome::ParityFailed, "may not replace hf: 1 of 2 checks failed"),
        (
            Passed,
            Some(Inconclusive),
            false,
            Outcome::Inconclusive,
            "whether it is slower than hf was not decided",
        ),
        (Passed, None, true, Outcome::Inconclusive, "its speed beside hf was not measured"),
        (
            NotRun,
            Some(Equivalent),
            false,
            Outcome::Inconclusive,
            "could not be fully compared with hf: 1 check not decided",
        ),
        (NotRun, None, false, Outcome::Inconclusive, "could not be fully compared with hf"),
    ] {
        let mut validation = validation::validation("hf");
        validation.relaxed = None;
        validation.candidate = "mine".into();
        validation.found.checks[0].verdict = check;
        validation.found.speed.truncate(usize::from(speed.is_some()));
        validation.found.speed.iter_mut().for_each(|row| row.verdict = speed.unwrap_or(Equivalent));
        validation.found.speed_missing = missing.then(|| "its worker ended".to_owned());
        let validation: Validation = validation.concluded();
        agrees(&validation, validation.outcome(), outcome, says);
        let xml = validation.junit().unwrap().unwrap_or_default();
        let passed = xml.contains("errors=\"0\" failures=\"0\"");
        assert_eq!(passed, outcome == Outcome::Done, "{says}: {xml}");
    }
}
