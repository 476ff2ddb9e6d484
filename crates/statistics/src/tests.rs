//! What must hold for the statistics of any samples.

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use patchmark_results::{Better, Pairs, Rule, Verdict};

use super::{
    effect::{Grouping, Refusal, paired, unpaired},
    judge::judge,
    pairs::{effect_of, floor_of},
    simulate::{Noise, decide},
};

const SERIES: Grouping<'_> = Grouping::Series;

fn times() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.1f64..100.0, 0.1f64..100.0), 6..60)
}

fn mirrored(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Regressed => Verdict::Improved,
        Verdict::Improved => Verdict::Regressed,
        other => other,
    }
}

proptest! {
    #[test]
    fn a_unit_of_time_changes_nothing(samples in times(), power in -20i32..20) {
        let (base, candidate): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let unit = f64::from(power).exp2();
        let scaled = |values: &[f64]| values.iter().map(|value| value * unit).collect::<Vec<_>>();
        let (one, other) = (
            paired(&base, &candidate, SERIES).unwrap(),
            paired(&scaled(&base), &scaled(&candidate), SERIES).unwrap(),
        );
        prop_assert!((one.log_ratio - other.log_ratio).abs() < 1e-9);
        prop_assert!((one.standard_error - other.standard_error).abs() < 1e-9);
    }

    #[test]
    fn swapping_the_sides_mirrors_the_verdict(samples in times(), shift in 0.5f64..2.0) {
        let (base, candidate): (Vec<_>, Vec<_>) = samples.into_iter().map(|(a, b)| (a, b * shift)).unzip();
        for (one, other) in [
            (paired(&base, &candidate, SERIES).unwrap(), paired(&candidate, &base, SERIES).unwrap()),
            (unpaired(&base, &candidate).unwrap(), unpaired(&candidate, &base).unwrap()),
        ] {
            prop_assert_eq!(one.log_ratio, -other.log_ratio);
            prop_assert_eq!(one.standard_error, other.standard_error);
            let rule = Rule::default();
            let (first, second) = (judge(&one, 0.0, Better::Lower, &rule), judge(&other, 0.0, Better::Lower, &rule));
            prop_assert_eq!(first.verdict, mirrored(second.verdict));
            prop_assert_eq!(judge(&one, 0.0, Better::Higher, &rule).verdict, second.verdict);
        }
    }

    #[test]
    fn a_share_on_every_time_moves_the_effect_by_that_share(samples in times(), factor in 0.5f64..2.0) {
        let (base, candidate): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let slower: Vec<f64> = candidate.iter().map(|value| value * factor).collect();
        let (one, other) =
            (paired(&base, &candidate, SERIES).unwrap(), paired(&base, &slower, SERIES).unwrap());
        prop_assert!((other.log_ratio - one.log_ratio - factor.ln()).abs() < 1e-9);
    }

    #[test]
    fn one_bad_sample_refuses_the_row(at in 0usize..20, bad in prop::sample::select(
        vec![0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY])) {
        let good = vec![1.0; 20];
        let mut broken = good.clone();
        broken[at] = bad;
        let expected = if bad.is_finite() { Refusal::NotPositive(at) } else { Refusal::NotFinite(at) };
        prop_assert_eq!(paired(&good, &broken, SERIES), Err(expected.clone()));
        prop_assert_eq!(paired(&broken, &good, SERIES), Err(expected.clone()));
        prop_assert_eq!(unpaired(&broken, &good), Err(expected));
    }
}

#[test]
fn ties_are_equivalent_and_a_constant_factor_is_seen() {
    let ones = [1.0; 8];
    let verdict = |candidate: f64| {
        let effect = paired(&ones, &[candidate; 8], SERIES).unwrap();
        judge(&effect, 0.0, Better::Lower, &Rule::default()).verdict
    };
    assert_eq!(verdict(1.0), Verdict::Equivalent);
    assert_eq!(verdict(1.009), Verdict::Equivalent);
    assert_eq!(verdict(1.02), Verdict::Regressed);
    assert_eq!(verdict(0.98), Verdict::Improved);
}

#[test]
fn few_samples_are_refused() {
    for count in 0..6 {
        let samples = vec![1.0; count];
        let refused = paired(&samples, &samples, SERIES);
        assert_eq!(refused, Err(Refusal::TooFew { what: "round", have: count, need: 6 }));
    }
    assert_eq!(paired(&[1.0; 8], &[1.0; 9], SERIES), Err(Refusal::Unpaired(9, 8)));
    let restarts = [0, 0, 1, 1, 2, 2];
    let refused = paired(&[1.0; 6], &[1.0; 6], Grouping::Restarts(&restarts));
    assert_eq!(refused, Err(Refusal::TooFew { what: "restart", have: 3, need: 4 }));
}

#[test]
fn a_larger_floor_or_minimum_effect_takes_a_verdict_back() {
    let effect = paired(&[1.0; 8], &[1.03; 8], SERIES).unwrap();
    let rule = Rule::default();
    assert_eq!(judge(&effect, 0.0, Better::Lower, &rule).verdict, Verdict::Regressed);
    assert_eq!(judge(&effect, 0.05, Better::Lower, &rule).verdict, Verdict::Equivalent);
    let wide = Rule { min_effect: 0.05, ..rule };
    assert_eq!(judge(&effect, 0.0, Better::Lower, &wide).verdict, Verdict::Equivalent);
}

#[test]
fn more_rows_and_looks_need_more_evidence() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut noisy = |level: f64| (0..40).map(|_| level * rng.random_range(0.9..1.1)).collect::<Vec<f64>>();
    let effect = paired(&noisy(1.0), &noisy(1.08), SERIES).unwrap();
    let one = judge(&effect, 0.0, Better::Lower, &Rule::default());
    let many = judge(&effect, 0.0, Better::Lower, &Rule { rows: 48, looks: 6, ..Rule::default() });
    assert!(many.change.low < one.change.low && many.change.high > one.change.high);
}

#[test]
fn what_a_process_keeps_is_not_taken_for_evidence() {
    // Six restarts, each off by a few percent for all of its rounds: a thousand rounds prove nothing.
    let offsets = [1.04, 0.97, 1.05, 1.03, 0.96, 1.04];
    let (mut base, mut candidate, mut restarts) = (Vec::new(), Vec::new(), Vec::new());
    for (restart, offset) in (0u32..).zip(offsets) {
        for _ in 0..160 {
            base.push(1.0);
            candidate.push(offset);
            restarts.push(restart);
        }
    }
    let verdict = |grouping| {
        judge(&paired(&base, &candidate, grouping).unwrap(), 0.0, Better::Lower, &Rule::default()).verdict
    };
    assert_eq!(verdict(Grouping::Restarts(&restarts)), Verdict::Inconclusive);
}

#[test]
fn overall_is_the_worst_row_and_nothing_is_no_pass() {
    use Verdict::{Equivalent, Improved, Inconclusive, Regressed};
    assert_eq!(Verdict::overall([Equivalent, Improved]), Improved);
    assert_eq!(Verdict::overall([Improved, Inconclusive]), Inconclusive);
    assert_eq!(Verdict::overall([Inconclusive, Regressed]), Regressed);
    assert_eq!(Verdict::overall([]), Inconclusive);
}

#[test]
fn the_floor_of_a_drifting_subject_is_free_of_the_drift() {
    let time = |position: usize| 1.0 + 0.01 * position as f64;
    let mut pairs = Pairs::default();
    for round in 0..20 {
        let at = |slot: usize| time(round * 4 + slot);
        let (outer, inner) = ([at(0), at(3)], [at(1), at(2)]);
        let (base, candidate) = if round % 2 == 0 { (outer, inner) } else { (inner, outer) };
        pairs.base.push(base);
        pairs.candidate.push(candidate);
    }
    assert!(floor_of(&pairs).unwrap() < 0.005, "{}", floor_of(&pairs).unwrap());
    assert!(effect_of(&pairs).unwrap().log_ratio.abs() < 0.005);
}

/// A short version of `make error-rates`, with its limits.
#[test]
fn error_rates_hold_over_every_noise() {
    let noises = [Noise::Independent, Noise::Drift, Noise::Spikes, Noise::Bimodal, Noise::Autocorrelated];
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut count = |factor: f64, wanted: Verdict| {
        let draws = 20 * noises.len();
        let found = (0..draws).filter(|n| decide(&noises[n % noises.len()], factor, 100, &mut rng) == wanted);
        found.count() as f64 / draws as f64
    };
    assert!(count(1.0, Verdict::Regressed) <= 0.01);
    assert!(count(1.1, Verdict::Regressed) >= 0.95);
    assert!(count(1.05, Verdict::Regressed) >= 0.8);
    assert!(count(1.1, Verdict::Improved) <= 0.001);
}
