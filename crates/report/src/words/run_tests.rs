//! What is said about runs with many rounds, with few, and with doubtful differences.

use patchmark_results::fixtures::{self, run::with_three_rounds};

use super::*;
use crate::words::spread::Spread;

#[test]
fn few_rounds_have_a_range_and_no_interval() {
    let mut run = fixtures::run::run(&["hf", "fused"], &[1]);
    let rows = |run: &mut Run, counts: [usize; 2]| {
        for (row, count) in run.batches[0].processors.iter_mut().zip(counts) {
            row.preprocess_ms.samples = vec![1.0; count];
        }
    };
    for (counts, spread, told) in [
        ([5, 9], Spread::Both, "5–9 rounds"),
        ([6, 9], Spread::Intervals, "6–9 rounds"),
        ([5, 3], Spread::Ranges, "3–5 rounds"),
        // A row that failed at once says nothing about the others.
        ([0, 6], Spread::Intervals, "6 rounds"),
        ([0, 0], Spread::Intervals, "0 rounds"),
        ([1, 1], Spread::Ranges, "1 round"),
    ] {
        rows(&mut run, counts);
        assert_eq!((Spread::of(&run), rounds(&run).as_str()), (spread, told), "{counts:?}");
    }
}

#[test]
fn a_headline_carries_the_interval_of_its_speed_up() {
    let mut run = fixtures::run::run(&["hf", "fused"], &[8]);
    run.batches[0].processors[1].speedup_over_hf = Some(Estimate { median: 22.3, low: 21.9, high: 22.8 });
    assert_eq!(
        headline(&run),
        "At batch 8, fused (CHW) preprocesses 22.3× (21.9 to 22.8) as fast as hf (96.0 ms instead of 192 ms) with \
         outputs equal to the reference's, 3.53% (3.35 to 3.74%) of the forward's time."
    );
}

#[test]
fn a_headline_claims_no_difference_that_the_interval_does_not_show() {
    let mut run = fixtures::run::run(&["hf", "fused"], &[8]);
    for (low, median, high, told) in [
        (0.97, 1.02, 1.07, "is surely faster than hf (192 ms"),
        (0.97, 0.99, 1.07, "is surely faster than hf (192 ms"),
        (0.77, 0.80, 0.83, "is faster than hf (192 ms"),
    ] {
        run.batches[0].processors[1].speedup_over_hf = Some(Estimate { median, low, high });
        let text = headline(&run);
        assert!(
            text.contains(told) && text.contains(&format!("({} to {}) as fast", number(low), number(high))),
            "{text}"
        );
    }
}

#[test]
fn a_headline_of_few_rounds_says_what_was_measured_and_claims_nothing() {
    let mut run = with_three_rounds(fixtures::run::run(&["hf", "fused"], &[8]));
    assert_eq!(
        headline(&run),
        "At batch 8, hf (PIL) took 192 ms (182 to 204) and fused (CHW) took 96.0 ms (91.2 to 102) in 3 rounds: too few \
         for an interval or a claim."
    );
    run.batches[0].processors.truncate(1);
    assert!(headline(&run).starts_with("At batch 8, hf (PIL) took 192 ms (182 to 204) in 3 rounds: too few"));
}

#[test]
fn a_run_that_took_longer_than_its_budget_says_why() {
    let mut run = fixtures::run::run(&["hf"], &[1]);
    (run.elapsed_s, run.settings.budget_s) = (58.6, 12.0);
    assert!(
        time(&run).contains("every row gets at least 3") && time(&run).contains("warm-up does not count")
    );
    run.settings.budget_s = 60.0;
    assert_eq!(time(&run), "58.6 s; the budget for rounds was 60.0 s");
}

#[test]
fn outputs_that_were_not_verified_are_not_said_to_equal_or_differ() {
    let mut run = fixtures::run::run(&["fused"], &[1]);
    run.batches[0].processors[0].parity = ParityStatus::NotVerified;
    let text = headline(&run);
    assert!(text.ends_with("Outputs not verified: fused."), "{text}");
    assert!(!text.contains("differ") && !text.contains("equal"), "{text}");
}
