//! What samples show and their median hides: too few of them, noise, outliers and drift, each with what to do about it.
//!
//! Computed from the saved samples whenever a result is shown, so that older results are warned about too. The thresholds
//! are those for which clean noise of a few percent almost never gives a warning (`docs/results.md` says why).

use std::fmt;

use patchmark_results::{
    estimate::SAMPLES_OF_AN_INTERVAL,
    text::{change, number, times},
};

use crate::bootstrap::median;

/// A robust standard deviation above this share of the median is noise; pyperf's limit for the plain one.
const NOISE: f64 = 0.1;
/// A sample this many robust standard deviations from the median is an outlier, as in hyperfine.
const OUTLIER: f64 = 10.0;
/// The least standard deviation that outliers are counted in, as a share of the median: what is less than a tenth away from
/// the median matters to nobody, however alike the others are.
const LEAST_DEVIATION: f64 = 0.01;
/// The standard score of Mann and Kendall's test above which a trend is no accident: once in a thousand series.
const TREND: f64 = 3.29;
/// The least change between the halves of a series that is called drift.
const LEAST_DRIFT: f64 = 0.05;
/// The factor that makes the median absolute deviation of normal noise its standard deviation.
const DEVIATION_OF_MAD: f64 = 1.4826;

/// The samples of one row, in the order taken.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// The row, such as `hf (PIL) at batch 8`.
    pub name: String,
    /// Its samples.
    pub samples: &'a [f64],
}

/// The rows to which a warning applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// How many they are.
    pub rows: usize,
    /// Of how many that have samples enough to tell.
    pub of: usize,
    /// The name of the one to which it applies most.
    pub most: String,
}

/// What a reader of medians should know, and do.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// There are too few rounds for an interval.
    FewRounds {
        /// The smallest number of rounds of any row.
        fewest: usize,
    },
    /// Samples scatter widely.
    Noise {
        /// The rows.
        affected: Affected,
        /// The standard deviation of the row with the most noise, as a share of its median.
        deviation: f64,
    },
    /// Single samples lie far from the others.
    Outliers {
        /// The rows.
        affected: Affected,
        /// How many samples of that row do.
        count: usize,
        /// Of how many.
        samples: usize,
        /// The furthest of them ÷ the median.
        furthest: f64,
    },
    /// Samples rise or fall from the first round to the last.
    Drift {
        /// The rows.
        affected: Affected,
        /// The median of the second half ÷ that of the first − 1, of the row that changed most.
        change: f64,
    },
}

/// The warnings about several series, at most one of each kind.
pub fn warnings(series: &[Series<'_>]) -> Vec<Warning> {
    let positive = |series: &&Series<'_>| series.samples.iter().all(|s| s.is_finite() && *s > 0.0);
    let taken: Vec<_> = series.iter().filter(positive).filter(|series| !series.samples.is_empty()).collect();
    let fewest = taken.iter().map(|series| series.samples.len()).min();
    let enough: Vec<_> =
        taken.into_iter().filter(|series| series.samples.len() >= SAMPLES_OF_AN_INTERVAL).collect();
    let few = fewest.filter(|fewest| *fewest < SAMPLES_OF_AN_INTERVAL);
    let noise = worst(&enough, noise, |deviation| *deviation);
    let outliers = worst(&enough, outliers, |(_, furthest)| furthest.ln().abs());
    let drift = worst(&enough, drift, |change| change.ln_1p().abs());
    let found = [
        few.map(|fewest| Warning::FewRounds { fewest }),
        noise.map(|(affected, _, deviation)| Warning::Noise { affected, deviation }),
        outliers.map(|(affected, samples, (count, furthest))| Warning::Outliers {
            affected,
            count,
            samples,
            furthest,
        }),
        drift.map(|(affected, _, change)| Warning::Drift { affected, change }),
    ];
    found.into_iter().flatten().collect()
}

/// The series in which `find` finds something, and what it finds, with the number of samples, in the one where `size` is
/// largest.
fn worst<T>(
    series: &[&Series<'_>],
    find: impl Fn(&[f64]) -> Option<T>,
    size: impl Fn(&T) -> f64,
) -> Option<(Affected, usize, T)> {
    let found: Vec<_> = series.iter().filter_map(|series| Some((series, find(series.samples)?))).collect();
    let (rows, of) = (found.len(), series.len());
    let (most, value) = found.into_iter().max_by(|(_, a), (_, b)| size(a).total_cmp(&size(b)))?;
    Some((Affected { rows, of, most: most.name.clone() }, most.samples.len(), value))
}

/// The median and the robust standard deviation.
fn centre_and_deviation(samples: &[f64]) -> (f64, f64) {
    let middle = median(samples);
    let distances: Vec<f64> = samples.iter().map(|sample| (sample - middle).abs()).collect();
    (middle, DEVIATION_OF_MAD * median(&distances))
}

/// The standard deviation as a share of the median, if that is large and not the work of a drift.
fn noise(samples: &[f64]) -> Option<f64> {
    let (middle, deviation) = centre_and_deviation(samples);
    let share = deviation / middle;
    (share > NOISE && drift(samples).is_none()).then_some(share)
}

/// The number of outliers, and the furthest of them ÷ the median.
fn outliers(samples: &[f64]) -> Option<(usize, f64)> {
    let (middle, deviation) = centre_and_deviation(samples);
    let far = OUTLIER * deviation.max(LEAST_DEVIATION * middle);
    let outside: Vec<f64> = samples.iter().copied().filter(|sample| (sample - middle).abs() > far).collect();
    let furthest =
        outside.iter().copied().max_by(|a, b| (a - middle).abs().total_cmp(&(b - middle).abs()))?;
    Some((outside.len(), furthest / middle))
}

/// The change from the first half of the samples to the second, if they have a trend (Mann and Kendall's test) and the
/// change is not small.
fn drift(samples: &[f64]) -> Option<f64> {
    let count = samples.len() as f64;
    let mut rises = 0.0;
    for (index, first) in samples.iter().enumerate() {
        for second in &samples[index + 1..] {
            rises += second.partial_cmp(first).map_or(0.0, |order| f64::from(order as i8));
        }
    }
    let deviation = (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
    // Less one for continuity, as in Mann and Kendall's test.
    let score = (f64::abs(rises) - 1.0) / deviation;
    let (first, second) = (&samples[..samples.len() / 2], &samples[samples.len().div_ceil(2)..]);
    let change = median(second) / median(first) - 1.0;
    (score > TREND && change.ln_1p().abs() >= LEAST_DRIFT.ln_1p()).then_some(change)
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { of: 1, most, .. } => write!(f, "{most}"),
            Self { rows, of, most } => write!(f, "{rows} of {of} rows, most of all {most}"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewRounds { fewest } => write!(
                f,
                "few rounds: a 95% interval needs at least {SAMPLES_OF_AN_INTERVAL}, and there are rows with {fewest}. \
                 Their brackets hold the range, from the smallest sample to the largest, and nothing is claimed about \
                 them. A larger --budget takes more rounds."
            ),
            Self::Noise { affected, deviation } => write!(
                f,
                "noise: the times of {affected}, scatter widely (standard deviation {}% of the median). Something else \
                 may have used the machine: close other programs, use a quieter machine, or give a larger --budget.",
                number(deviation * 100.0)
            ),
            Self::Outliers { affected, count, samples, furthest } => write!(
                f,
                "outliers: {affected}: {count} of {samples} samples {} far from the others, the furthest at {} the median. \
                 Medians hardly move, but something interrupted the calls: look at all samples, and run again on \
                 a quiet machine if there are many.",
                if *count == 1 { "lies" } else { "lie" },
                times(*furthest)
            ),
            Self::Drift { affected, change: found } => write!(
                f,
                "drift: the times of {affected}, changed during the run ({} from the first half of the rounds to the \
                 second). The machine was not in a steady state: let it cool down or warm up, fix its clock frequency, \
                 and stop other work. Ratios and speed-ups are formed within rounds, so they suffer less.",
                change(*found)
            ),
        }
    }
}

#[cfg(test)]
#[path = "warnings_tests.rs"]
mod tests;
