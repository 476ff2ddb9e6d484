//! What must hold for the statistics of any samples.

use std::{sync::atomic::AtomicBool, time::Duration};

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use patchmark_results::{Better, Change, Judgement, Pairs, Round, Rule, Verdict};

use super::{
    contest::{Contest, RowName, measure},
    effect::{Effect, Grouping, Refusal, paired, unpaired},
    judge::{after_look, is_final, judge},
    pairs::{effect_of, floor_of},
    simulate::{Noise, decide, is_wrong},
    student,
};

const SERIES: Grouping<'_> = Grouping::Series;

fn times() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.1f64..100.0, 0.1f64..100.0), 6..60)
}

/// Whether `other` is the verdict on the same interval seen from the other side. What is surely not slower may be undecided
/// from there, as nothing is called not faster.
fn mirrors(verdict: Verdict, other: Verdict) -> bool {
    match verdict {
        Verdict::Regressed => other == Verdict::Improved,
        Verdict::Improved => other == Verdict::Regressed,
        Verdict::Equivalent => other == Verdict::Equivalent,
        Verdict::NotSlower => other == Verdict::Inconclusive,
        Verdict::Inconclusive => matches!(other, Verdict::Inconclusive | Verdict::NotSlower),
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
            prop_assert!(mirrors(first.verdict, second.verdict), "{:?} {:?}", first, second);
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
    use Verdict::{Equivalent, Improved, Inconclusive, NotSlower, Regressed};
    for same in [Equivalent, Improved, NotSlower, Inconclusive, Regressed] {
        assert_eq!(Verdict::overall([same, same]), same);
    }
    // Improved is more than holds of an equivalent row, and equivalent is not what an improved row is.
    assert_eq!(Verdict::overall([Equivalent, Improved]), NotSlower);
    assert_eq!(Verdict::overall([Improved, Improved, NotSlower]), NotSlower);
    assert_eq!(Verdict::overall([NotSlower, Equivalent]), NotSlower);
    assert_eq!(Verdict::overall([NotSlower, Inconclusive]), Inconclusive);
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
    let mut share = |factor: f64, wanted: &dyn Fn(&Judgement) -> bool| {
        let draws = 20 * noises.len();
        let found = (0..draws).filter_map(|n| decide(&noises[n % noises.len()], factor, 100, &mut rng));
        found.filter(wanted).count() as f64 / draws as f64
    };
    let is = |verdict| move |judged: &Judgement| judged.verdict == verdict;
    assert!(share(1.0, &is(Verdict::Regressed)) <= 0.01);
    assert!(share(1.1, &is(Verdict::Regressed)) >= 0.95);
    assert!(share(1.05, &is(Verdict::Regressed)) >= 0.8);
    assert!(share(1.1, &is(Verdict::Improved)) <= 0.001);
    // Beyond the minimum effect and just beyond it, at it from either side, and without an effect.
    for factor in [1.05, 1.015, 1.01, 1.0, 0.99, 0.985] {
        let wrong = share(factor, &|judged| is_wrong(judged, factor));
        assert!(wrong <= 0.02, "{wrong} at {factor}");
    }
    assert!(share(0.985, &is(Verdict::NotSlower)) >= 0.1);
}

#[test]
fn surely_not_slower_is_neither_equivalent_nor_improved_nor_undecided() {
    // An interval from −11.8% to −3.7% at a minimum effect of 10%.
    let (low, high) = ((-0.118f64).ln_1p(), (-0.037f64).ln_1p());
    let rule = Rule { min_effect: 0.1, ..Rule::default() };
    let degrees = 9.0;
    let reach = (high - low) / 2.0;
    let standard_error = reach / student::upper_quantile(rule.error_rate / 2.0, degrees);
    let effect = Effect { log_ratio: f64::midpoint(low, high), standard_error, degrees };
    let judged = judge(&effect, 0.0, Better::Lower, &rule);
    assert_eq!(judged.verdict, Verdict::NotSlower);
    assert!((judged.change.low + 0.118).abs() < 1e-6 && (judged.change.high.unwrap() + 0.037).abs() < 1e-6);
    // A speed-up that may have fallen by so much is undecided; one that rose by as much has not become lower.
    assert_eq!(judge(&effect, 0.0, Better::Higher, &rule).verdict, Verdict::Inconclusive);
    let higher = Effect { log_ratio: -effect.log_ratio, ..effect };
    assert_eq!(judge(&higher, 0.0, Better::Higher, &rule).verdict, Verdict::NotSlower);
    assert_eq!(judge(&higher, 0.0, Better::Lower, &rule).verdict, Verdict::Inconclusive);
    let nothing = Effect { log_ratio: f64::NAN, ..effect };
    assert_eq!(judge(&nothing, 0.0, Better::Lower, &rule).verdict, Verdict::Inconclusive);
}

#[test]
fn a_row_that_is_not_slower_goes_on_and_is_not_taken_back() {
    let at = |verdict| {
        let change = Change { median: 0.0, low: 0.0, high: None };
        Ok::<_, ()>(Judgement { verdict, change, min_effect: 0.01 })
    };
    let after = |before, now| after_look(at(before), at(now)).unwrap().verdict;
    use Verdict::{Equivalent, Improved, Inconclusive, NotSlower, Regressed};
    assert_eq!(
        [NotSlower, Inconclusive, Regressed, Improved, Equivalent].map(is_final),
        [false, false, true, true, true]
    );
    assert_eq!(after(NotSlower, Inconclusive), NotSlower);
    for now in [NotSlower, Regressed, Improved, Equivalent] {
        assert_eq!(after(NotSlower, now), now);
    }
    assert_eq!(after(Inconclusive, NotSlower), NotSlower);
}

/// A contest without work, whose candidate takes a hundredth less than the base, give or take the noise.
struct AtTheMinimum(Vec<RowName>, u32);

impl Contest for AtTheMinimum {
    fn rows(&self) -> &[RowName] {
        &self.0
    }

    fn restarts(&self) -> bool {
        false
    }

    fn restart(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn round(&mut self, _: usize, _: bool) -> anyhow::Result<Round> {
        self.1 += 1;
        let candidate = (1.0 / 1.01) * (1.0 + 1e-3 * (f64::from(self.1 * 7 % 5) - 2.0));
        Ok(Round { base: [1.0; 2], candidate: [candidate; 2], ..Round::default() })
    }
}

#[test]
fn a_row_that_is_not_slower_is_measured_until_the_end_and_passes() {
    let name = RowName {
        subject: "fused".into(),
        batch: "batch 1".into(),
        base_failure: None,
        candidate_failure: None,
        parity: None,
    };
    let mut contest = AtTheMinimum(vec![name], 0);
    let measured = measure(
        &mut contest,
        Rule::default(),
        Duration::from_secs(600),
        1,
        &AtomicBool::new(false),
        &mut |_, _: &str| {},
    )
    .unwrap();
    let judged = measured.judged[0].clone().unwrap();
    assert_eq!((judged.verdict, measured.pairs[0].rounds()), (Verdict::NotSlower, 512), "{judged:?}");
}
