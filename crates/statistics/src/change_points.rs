//! Change points by E-Divisive: the split of a series whose two sides are furthest apart in energy distance. It is kept if
//! few shuffles of the series have a split as far apart, and each side is then split in the same way.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;

use patchmark_results::ChangePoint;

use crate::bootstrap::median;

/// The smallest number of runs on each side of a change, so that one odd run is not a change.
const SIDE: usize = 3;
/// Shuffles of the permutation test.
const SHUFFLES: usize = 999;
/// The chance of a false change point, per series and split.
const SIGNIFICANCE: f64 = 0.01;

/// The change points of positive values, in order; empty if a value has no finite logarithm.
pub fn change_points(values: &[f64]) -> Vec<ChangePoint> {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    if logs.iter().any(|log| !log.is_finite()) {
        return Vec::new();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(logs.len() as u64);
    let mut splits = Vec::new();
    divide(&logs, 0, &mut rng, &mut splits);
    splits.sort_by_key(|(index, _)| *index);
    let mut ends: Vec<usize> = splits.iter().map(|(index, _)| *index).collect();
    ends.push(logs.len());
    let mut start = 0;
    let found = splits.iter().enumerate().map(|(number, &(index, p))| {
        let change = (median(&logs[index..ends[number + 1]]) - median(&logs[start..index])).exp_m1();
        start = index;
        ChangePoint { index, change, p }
    });
    found.collect()
}

fn divide(values: &[f64], offset: usize, rng: &mut ChaCha8Rng, found: &mut Vec<(usize, f64)>) {
    let Some((split, distance)) = best(values) else { return };
    let mut shuffled = values.to_vec();
    let as_clear = (0..SHUFFLES)
        .filter(|_| {
            shuffled.shuffle(rng);
            best(&shuffled).is_some_and(|(_, other)| other >= distance)
        })
        .count();
    let p = (as_clear + 1) as f64 / (SHUFFLES + 1) as f64;
    if p > SIGNIFICANCE {
        return;
    }
    found.push((offset + split, p));
    divide(&values[..split], offset, rng, found);
    divide(&values[split..], offset + split, rng, found);
}

/// The split with the largest energy distance between its sides, weighted by their sizes.
fn best(values: &[f64]) -> Option<(usize, f64)> {
    let count = values.len();
    let from = |index: usize, range: std::ops::Range<usize>| -> f64 {
        values[range].iter().map(|value| (value - values[index]).abs()).sum()
    };
    let (mut left, mut right) = (0.0, (0..count).map(|index| from(index, 0..index)).sum::<f64>());
    let total = right;
    let mut found: Option<(usize, f64)> = None;
    for split in 1..count {
        // One more value moves from the right side to the left.
        left += from(split - 1, 0..split - 1);
        right -= from(split - 1, split..count);
        if split < SIDE || count - split < SIDE {
            continue;
        }
        let (m, n) = (split as f64, (count - split) as f64);
        let within = |sum: f64, size: f64| 2.0 * sum / (size * (size - 1.0));
        let between = 2.0 * (total - left - right) / (m * n);
        let distance = (between - within(left, m) - within(right, n)) * m * n / (m + n);
        if found.is_none_or(|(_, most)| distance > most) {
            found = Some((split, distance));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels with a scatter of up to 2% that repeats after eleven values.
    fn series(levels: &[(usize, f64)]) -> Vec<f64> {
        let levels = levels.iter().flat_map(|&(count, level)| std::iter::repeat_n(level, count));
        levels.enumerate().map(|(n, level)| level * (1.0 + 0.02 * ((n * 7 % 11) as f64 / 11.0))).collect()
    }

    #[test]
    fn levels_are_found_where_they_begin() {
        let found = change_points(&series(&[(12, 1.0), (10, 1.2), (14, 0.9)]));
        assert_eq!(found.iter().map(|point| point.index).collect::<Vec<_>>(), [12, 22], "{found:?}");
        assert!((found[0].change - 0.2).abs() < 0.02 && (found[1].change + 0.25).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn noise_an_odd_run_and_short_series_have_none() {
        let mut steady = series(&[(30, 5.0)]);
        assert_eq!(change_points(&steady), []);
        steady[15] *= 3.0;
        assert_eq!(change_points(&steady), []);
        assert_eq!(change_points(&[1.0, 1.0, 1.0, 9.0, 9.0]), []);
        assert_eq!(change_points(&[2.0; 40]), []);
        assert_eq!(change_points(&[0.0, f64::NAN, -1.0]), []);
        assert_eq!(change_points(&[]), []);
    }
}
