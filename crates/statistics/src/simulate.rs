//! Comparisons drawn from noise whose true effect is known: what the error rates are measured on.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use patchmark_results::{Pairs, Rule, Verdict};

use crate::{looks::Looks, pairs::judge_pairs};

/// How a machine disturbs times. All but `Recorded` are made up, each with one kind of disturbance.
#[derive(Debug, Clone)]
pub enum Noise {
    /// Independent, 3% to either side.
    Independent,
    /// A trend of 30% over the comparison, on top of 2% of noise: a chip that heats up.
    Drift,
    /// One time in twelve takes 1.5 to 5 times as long: another process is given the core.
    Spikes,
    /// Times jump between two levels 15% apart, one time in three: frequencies, or caches.
    Bimodal,
    /// Noise of 10% that lasts for tens of times: a neighbour that works for a while.
    Autocorrelated,
    /// Times recorded on a real machine, in the order taken, over their median.
    Recorded(Vec<f64>),
}

/// Draws one comparison whose candidate takes `factor` times as long, and decides it as `compare`
/// would with a budget for `most` rounds.
pub fn decide(noise: &Noise, factor: f64, most: usize, rng: &mut ChaCha8Rng) -> Verdict {
    let looks = Looks::ROUNDS;
    let rule = Rule { looks: looks.count(), ..Rule::default() };
    let mut source = Source::new(noise, most * 4, rng);
    let mut pairs = Pairs::default();
    for round in 1..=most {
        let times: [f64; 4] = std::array::from_fn(|_| source.next(rng));
        let (outer, inner) = ([times[0], times[3]], [times[1], times[2]]);
        let (base, candidate) = if round % 2 == 1 { (outer, inner) } else { (inner, outer) };
        pairs.base.push(base);
        pairs.candidate.push(candidate.map(|time| time * factor));
        if looks.at(round) || round == most {
            let verdict = judge_pairs(&pairs, &rule).map_or(Verdict::Inconclusive, |judged| judged.verdict);
            if verdict != Verdict::Inconclusive {
                return verdict;
            }
        }
    }
    Verdict::Inconclusive
}

/// A machine under one noise: the times of the same work, one after another.
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
                // The correlation falls to a half after 13 times, a little more than three rounds.
                const KEPT: f64 = 0.95;
                let fresh = f64::sqrt(1.0 - KEPT * KEPT);
                self.state = KEPT * self.state + fresh * 0.1 * normal(rng);
                (self.state + 0.01 * normal(rng)).exp()
            }
            // Around the end, as the start is drawn anew for each comparison.
            Noise::Recorded(times) => times[(self.start + self.taken) % times.len()],
        }
    }
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (radius, angle): (f64, f64) = (rng.random_range(f64::MIN_POSITIVE..1.0), rng.random());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
