//! Medians and their bootstrap confidence intervals.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use patchmark_results::{Estimate, Samples, estimate::SAMPLES_OF_AN_INTERVAL};

/// Resamples of a bootstrap; more of them would move an interval's ends by less than 2% of its width.
const RESAMPLES: usize = 1000;

/// The share of intervals that contain the true median.
pub const CONFIDENCE: f64 = 0.95;

/// The median of finite values; for an even count, the mean of the two in the middle.
///
/// Returns NaN if there are no values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    median_in_place(&mut sorted)
}

/// [`median`] without a copy; reorders the values.
pub(crate) fn median_in_place(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The median with its percentile-bootstrap interval, or with the range of fewer than [`SAMPLES_OF_AN_INTERVAL`] values. It is
/// seeded, so that the same values always give the same interval.
///
/// Returns `None` if there are no values, or if one is not finite.
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    if values.len() < SAMPLES_OF_AN_INTERVAL {
        let end = |of: fn(f64, f64) -> f64| values.iter().copied().fold(values[0], of);
        return Some(Estimate { median: median(values), low: end(f64::min), high: end(f64::max) });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(values.len() as u64);
    let mut resample = vec![0.0; values.len()];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            resample.fill_with(|| values[rng.random_range(0..values.len())]);
            median_in_place(&mut resample)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| medians[((RESAMPLES - 1) as f64 * share).round() as usize];
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Some(Estimate { median: median(values), low: at(tail), high: at(1.0 - tail) })
}

/// Samples with their summary.
pub fn summarize(samples: Vec<f64>) -> Samples {
    Samples { estimate: estimate(&samples), samples }
}

/// The estimate of `combine(a, b)` over rounds, for samples that were taken in the same rounds.
pub fn paired(a: &[f64], b: &[f64], combine: impl Fn(f64, f64) -> f64) -> Option<Estimate> {
    let combined: Vec<f64> = a.iter().zip(b).map(|(&a, &b)| combine(a, b)).collect();
    estimate(&combined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prelude::prop, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn nothing_and_non_finite_values_have_no_estimate() {
        assert_eq!(estimate(&[]), None);
        assert_eq!(estimate(&[1.0, f64::NAN]), None);
        assert_eq!(estimate(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn one_sample_is_its_own_interval() {
        assert_eq!(estimate(&[7.0]), Some(Estimate { median: 7.0, low: 7.0, high: 7.0 }));
    }

    #[test]
    fn of_few_samples_the_range_is_given() {
        for count in 1..SAMPLES_OF_AN_INTERVAL {
            let values: Vec<f64> = (0..count).map(|value| (value + 1) as f64).rev().collect();
            let Estimate { low, high, .. } = estimate(&values).unwrap();
            assert_eq!((low, high), (1.0, count as f64));
        }
        let many: Vec<f64> = (1..=30).map(f64::from).collect();
        let Estimate { low, high, .. } = estimate(&many).unwrap();
        assert!(low > 1.0 && high < 30.0);
    }

    #[test]
    fn the_interval_covers_the_true_median_about_as_often_as_it_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let covered = (0..400)
            .filter(|_| {
                let values: Vec<f64> = (0..31).map(|_| rng.random_range(0.0..1.0)).collect();
                estimate(&values).is_some_and(|estimate| estimate.low <= 0.5 && 0.5 <= estimate.high)
            })
            .count();
        assert!((360..=396).contains(&covered), "{covered} of 400");
    }

    #[test]
    fn pairing_removes_drift_common_to_both() {
        let a: Vec<f64> = (1..=20).map(|round| 2.0 * f64::from(round)).collect();
        let b: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(paired(&a, &b, |a, b| a / b), Some(Estimate { median: 2.0, low: 2.0, high: 2.0 }));
    }

    proptest! {
        #[test]
        fn scaling_the_samples_scales_the_estimate(values in prop::collection::vec(0.1f64..1e3, 1..40)) {
            let doubled: Vec<f64> = values.iter().map(|value| value * 2.0).collect();
            let (one, two) = (estimate(&values).unwrap(), estimate(&doubled).unwrap());
            prop_assert_eq!(two, Estimate { median: one.median * 2.0, low: one.low * 2.0, high: one.high * 2.0 });
            prop_assert!(one.low <= one.median && one.median <= one.high);
        }
    }
}
