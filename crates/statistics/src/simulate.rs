//! Comparisons simulated from noise with a known true effect, to measure the error rates.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use patchmark_results::{Judgement, Pairs, Rule, Verdict};

use crate::{
    judge::{after_look, is_final},
    looks::Looks,
    pairs::judge_pairs,
};

/// How a machine disturbs times. All but `Recorded` are synthetic, each with one kind of disturbance.
#[derive(Debug, Clone)]
pub enum Noise {
    /// Independent noise with a standard deviation of 3%.
    Independent,
    /// A trend of +30% or −25% over the comparison, on top of 2% of noise, as from a chip that heats up.
    Drift,
    /// One time in twelve takes 1.5 to 5 times as long, as if another process were given the core.
    Spikes,
    /// One time in three takes 15% longer, as with two clock frequencies or two states of a cache.
    Bimodal,
    /// Noise of 10% that lasts for tens of times, as from a neighbour that works for a while.
    Autocorrelated,
    /// Times recorded on a real machine, in the order taken, relative to their median.
    Recorded(Vec<f64>),
}

/// Simulates one comparison whose candidate takes `factor` times as long, and decides it as `compare` would with a budget
/// for `most` rounds; none if those are too few for a judgement.
pub fn decide(noise: &Noise, factor: f64, most: usize, rng: &mut ChaCha8Rng) -> Option<Judgement> {
    let looks = Looks::ROUNDS;
    let rule = Rule { looks: looks.count(), ..Rule::default() };
    let mut source = Source::new(noise, most * 4, rng);
    let mut pairs = Pairs::default();
    let mut judged = Err(());
    for round in 1..=most {
        let times: [f64; 4] = std::array::from_fn(|_| source.next(rng));
        let (outer, inner) = ([times[0], times[3]], [times[1], times[2]]);
        let (base, candidate) = if round % 2 == 1 { (outer, inner) } else { (inner, outer) };
        pairs.base.push(base);
        pairs.candidate.push(candidate.map(|time| time * factor));
        if looks.at(round) || round == most {
            judged = after_look(judged, judge_pairs(&pairs, &rule).map_err(drop));
            if judged.is_ok_and(|judged| is_final(judged.verdict)) {
                break;
            }
        }
    }
    judged.ok()
}

/// Whether a judgement says what is not true of a candidate that takes `factor` times as long, given the minimum effect
/// that was applied.
pub fn is_wrong(judged: &Judgement, factor: f64) -> bool {
    let (truth, least) = (factor.ln(), judged.min_effect.ln_1p());
    match judged.verdict {
        Verdict::Regressed => truth <= least,
        Verdict::Improved => truth >= -least,
        Verdict::Equivalent => truth.abs() > least,
        Verdict::NotSlower => truth > least,
        Verdict::Inconclusive => false,
    }
}

/// A machine under one noise: it gives the times of the same work, one after another.
struct Source<'a> {
    noise: &'a Noise,
    taken: usize,
    total: usize,
    state: f64,
    start: usize,
    slope: f64,
}

impl<'a> Source<'a> {
    fn new(noise: &'a Noise, total: usize, rng: &mut ChaCha8Rng) -> Self {
        let length = if let Noise::Recorded(times) = noise { times.len().max(1) } else { 1 };
        let slope = if rng.random() { 0.3 } else { -0.25 };
        Self { noise, taken: 0, total, state: 0.1 * normal(rng), start: rng.random_range(0..length), slope }
    }

    fn next(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        self.taken += 1;
        match self.noise {
            Noise::Independent => (0.03 * normal(rng)).exp(),
            Noise::Drift => {
                let share = self.taken as f64 / self.total as f64;
                (1.0 + self.slope * share) * (0.02 * normal(rng)).exp()
            }
            Noise::Spikes => {
                let spike = if rng.random_bool(1.0 / 12.0) { rng.random_range(1.5..5.0) } else { 1.0 };
                spike * (0.02 * normal(rng)).exp()
            }
            Noise::Bimodal => {
                let level = if rng.random_bool(1.0 / 3.0) { 1.15 } else { 1.0 };
                level * (0.01 * normal(rng)).exp()
            }
            Noise::Autocorrelated => {
                // The correlation halves after 13 times, a little more than three rounds.
                const KEPT: f64 = 0.95;
                let fresh = f64::sqrt(1.0 - KEPT * KEPT);
                self.state = KEPT * self.state + fresh * 0.1 * normal(rng);
                (self.state + 0.01 * normal(rng)).exp()
            }
            // Wraps around at the end, since each comparison starts at a random place.
            Noise::Recorded(times) => times[(self.start + self.taken) % times.len()],
        }
    }
}

/// A random number with the standard normal distribution (Box and Muller).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
