//! How much slower or faster one subject is than another: the median log-ratio and its error.
//!
//! Samples of one machine are not independent: a neighbour's load lasts for many rounds, and a process keeps the memory
//! layout that it was started with. So the bootstrap draws whole blocks rather than single rounds, and the degrees of
//! freedom count blocks.

use patchmark_results::text::plural;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bootstrap::median_in_place;

/// The smallest number of rounds, or of samples on each side, that allows a verdict.
pub const MINIMUM_ROUNDS: usize = 6;
/// The smallest number of process restarts (see [`Grouping::Restarts`]) that allows a verdict.
pub const MINIMUM_RESTARTS: usize = 4;
/// Resamples of the bootstrap; this many give the standard error to within 4%.
const RESAMPLES: usize = 300;

/// Why samples cannot be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A sample is NaN or infinite.
    #[error("sample {0} is not a finite number")]
    NotFinite(usize),
    /// A sample is zero or negative, which a time cannot be.
    #[error("sample {0} is not above zero")]
    NotPositive(usize),
    /// The two sides of a pair have different numbers of samples.
    #[error("{0} samples cannot be paired with {1}")]
    Unpaired(usize, usize),
    /// There are too few rounds, or too few restarts.
    #[error("{}, and a verdict needs {need}", plural(*have as u64, what))]
    TooFew {
        /// What was counted, in the singular.
        what: &'static str,
        /// How many there are.
        have: usize,
        /// How many are needed.
        need: usize,
    },
}

/// Which rounds belong together and count as one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping<'a> {
    /// Rounds of one process, in the order taken; blocks are as long as their autocorrelation requires.
    Series,
    /// For each round, the number of the process restart in which it was taken.
    Restarts(&'a [u32]),
}

/// A median log-ratio, candidate over base, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Natural logarithm of candidate ÷ base: above zero if the candidate's figure is larger.
    pub log_ratio: f64,
    /// Standard error of `log_ratio`, from the block bootstrap.
    pub standard_error: f64,
    /// Degrees of freedom: the number of independent blocks, minus one for each median taken.
    pub degrees: f64,
}

/// The effect between samples taken in the same rounds.
///
/// # Errors
/// A [`Refusal`] for samples that are not positive finite numbers, not paired, or too few.
pub fn paired(base: &[f64], candidate: &[f64], grouping: Grouping<'_>) -> Result<Effect, Refusal> {
    if base.len() != candidate.len() {
        return Err(Refusal::Unpaired(candidate.len(), base.len()));
    }
    let (base, candidate) = (logarithms(base)?, logarithms(candidate)?);
    let differences: Vec<f64> = candidate.iter().zip(&base).map(|(c, b)| c - b).collect();
    centre(&differences, grouping)
}

/// The effect between samples of two runs, which have no round in common.
///
/// # Errors
/// As for [`paired`], for either side.
pub fn unpaired(base: &[f64], candidate: &[f64]) -> Result<Effect, Refusal> {
    let base = centre(&logarithms(base)?, Grouping::Series)?;
    let candidate = centre(&logarithms(candidate)?, Grouping::Series)?;
    let (b, c) = (base.standard_error.powi(2), candidate.standard_error.powi(2));
    // Welch's degrees of freedom; if neither median has any spread, the larger of the two.
    let degrees = if b + c > 0.0 {
        (b + c).powi(2) / (b * b / base.degrees + c * c / candidate.degrees)
    } else {
        base.degrees.max(candidate.degrees)
    };
    Ok(Effect { log_ratio: candidate.log_ratio - base.log_ratio, standard_error: (b + c).sqrt(), degrees })
}

/// The A/A floor: how far a subject seems to differ from itself, as an absolute log-ratio. This is the noise that pairing
/// does not remove. `first` and `second` are two samples of one subject in each round.
///
/// # Errors
/// As for [`paired`].
pub fn floor(first: &[f64], second: &[f64], grouping: Grouping<'_>) -> Result<f64, Refusal> {
    Ok(paired(first, second, grouping)?.log_ratio.abs())
}

fn logarithms(samples: &[f64]) -> Result<Vec<f64>, Refusal> {
    samples
        .iter()
        .enumerate()
        .map(|(index, sample)| match sample {
            sample if !sample.is_finite() => Err(Refusal::NotFinite(index)),
            sample if *sample <= 0.0 => Err(Refusal::NotPositive(index)),
            sample => Ok(sample.ln()),
        })
        .collect()
}

/// The median of `values` with its error.
fn centre(values: &[f64], grouping: Grouping<'_>) -> Result<Effect, Refusal> {
    let need = |what, have, need| {
        if have < need { Err(Refusal::TooFew { what, have, need }) } else { Ok(()) }
    };
    need("round", values.len(), MINIMUM_ROUNDS)?;
    let middle = median_in_place(&mut values.to_vec());
    // Seeded by the count alone, so that swapping the sides draws the same blocks and mirrors the result.
    let mut rng = ChaCha8Rng::seed_from_u64(values.len() as u64);
    let (blocks, spread) = match grouping {
        Grouping::Series => {
            let length = block_length(values, middle);
            (values.len() as f64 / length as f64, series_spread(values, length, &mut rng))
        }
        Grouping::Restarts(restarts) => {
            let groups = groups(values, restarts)?;
            need("restart", groups.len(), MINIMUM_RESTARTS)?;
            (groups.len() as f64, group_spread(&groups, &mut rng))
        }
    };
    let degrees = (blocks - 1.0).max(1.0);
    // The bootstrap's spread is that of a sample, not of its population.
    Ok(Effect { log_ratio: middle, standard_error: spread * (1.0 + 1.0 / degrees).sqrt(), degrees })
}

fn groups(values: &[f64], restarts: &[u32]) -> Result<Vec<Vec<f64>>, Refusal> {
    if restarts.len() != values.len() {
        return Err(Refusal::Unpaired(restarts.len(), values.len()));
    }
    let mut groups = std::collections::BTreeMap::<u32, Vec<f64>>::new();
    for (value, restart) in values.iter().zip(restarts) {
        groups.entry(*restart).or_default().push(*value);
    }
    Ok(groups.into_values().collect())
}

/// Standard deviation of the median over resamples of circular blocks.
fn series_spread(values: &[f64], length: usize, rng: &mut ChaCha8Rng) -> f64 {
    let mut resample = Vec::with_capacity(values.len() + length);
    deviation(|| {
        resample.clear();
        while resample.len() < values.len() {
            let start = rng.random_range(0..values.len());
            resample.extend((start..start + length).map(|index| values[index % values.len()]));
        }
        resample.truncate(values.len());
        median_in_place(&mut resample)
    })
}

/// Standard deviation of the median over resamples of whole groups.
fn group_spread(groups: &[Vec<f64>], rng: &mut ChaCha8Rng) -> f64 {
    let mut resample = Vec::new();
    deviation(|| {
        resample.clear();
        for _ in 0..groups.len() {
            resample.extend_from_slice(&groups[rng.random_range(0..groups.len())]);
        }
        median_in_place(&mut resample)
    })
}

fn deviation(mut draw: impl FnMut() -> f64) -> f64 {
    let draws: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
    let mean = draws.iter().sum::<f64>() / RESAMPLES as f64;
    (draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / (RESAMPLES - 1) as f64).sqrt()
}

/// Rounds per block: n^⅓ for independent rounds, more if the side of the median on which a round lies predicts the side of
/// the following rounds. (The error of a median depends on these signs alone.)
fn block_length(values: &[f64], middle: f64) -> usize {
    let count = values.len();
    let signs: Vec<f64> = values
        .iter()
        .map(|value| value.partial_cmp(&middle).map_or(0.0, |order| f64::from(order as i8)))
        .collect();
    let power: f64 = signs.iter().map(|sign| sign * sign).sum();
    let mut time = 1.0;
    if power > 0.0 {
        for lag in 1..=count / 4 {
            let products = signs.iter().zip(&signs[lag..]).map(|(a, b)| a * b);
            let correlation = products.sum::<f64>() / power;
            // Sokal's window: beyond five correlation times the sum only gathers noise.
            if correlation <= 0.0 || lag as f64 > 5.0 * time {
                break;
            }
            time += 2.0 * correlation;
        }
    }
    let length = (count as f64).cbrt() * f64::powf(time, 2.0 / 3.0);
    (length.round() as usize).clamp(1, (count / 4).max(1))
}
