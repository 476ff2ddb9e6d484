//! Simulated comparisons with known true effects.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use patchmark_results::{
    Verdict,
    error_rates::{ERROR_RATES_VERSION, SimulatedErrorRates, SimulatedRow},
};
use patchmark_statistics::simulate::{Noise, decide};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Comparisons per noise and true factor; with six noises, that is 2,400 per factor.
const DRAWS: usize = 400;
/// Rounds that the budget is assumed to allow.
const ROUNDS: usize = 100;
const FACTORS: [f64; 3] = [1.0, 1.05, 1.1];

pub fn study(out: &Path) -> Result<()> {
    let recorded =
        fs::read_to_string("fixtures/noise/two-cores.json").context("reading the recorded noise")?;
    let recorded: Vec<f64> = serde_json::from_str(&recorded)?;
    let noises = [
        ("independent", Noise::Independent),
        ("drift", Noise::Drift),
        ("spikes", Noise::Spikes),
        ("bimodal", Noise::Bimodal),
        ("autocorrelated", Noise::Autocorrelated),
        ("recorded", Noise::Recorded(recorded)),
    ];
    let mut rows = Vec::new();
    let mut totals = [[0usize; 4]; FACTORS.len()];
    for (index, (name, noise)) in noises.iter().enumerate() {
        for (factor, total) in FACTORS.iter().zip(&mut totals) {
            let mut rng = ChaCha8Rng::seed_from_u64(1000 + index as u64);
            let mut counts = [0; 4];
            for _ in 0..DRAWS {
                counts[slot(decide(noise, *factor, ROUNDS, &mut rng))] += 1;
            }
            total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            rows.push((*name, *factor, counts));
        }
    }
    let draws = DRAWS * noises.len();
    let mut text = format!(
        "# Error rates on simulated noise\n\nBy `make error-rates`: {DRAWS} comparisons of each noise and true \
         change ({draws} of each change), decided as `compare` does with a budget for {ROUNDS} rounds, a minimum \
         effect of 1% and the default error rate of 1%.\n\n| noise | true change | regressed | improved | \
         equivalent | inconclusive |\n| :--- | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let all = FACTORS.iter().zip(totals).map(|(factor, counts)| ("**all**", *factor, counts));
    for (name, factor, counts) in rows.iter().copied().chain(all) {
        let of: usize = counts.iter().sum();
        let share = |count: usize| format!("{count} ({:.2}%)", 100.0 * count as f64 / of as f64);
        let cells = counts.map(share).join(" | ");
        writeln!(text, "| {name} | {:+.0}% | {cells} |", (factor - 1.0) * 100.0)?;
    }
    text += "\n`recorded` is the series of `fixtures/noise/two-cores.json`: times of one processor on two cores \
             that other work shared, each over the median of all, from a random start.\n";
    let row = |(name, true_factor, counts): (&str, f64, [usize; 4])| {
        let [regressed, improved, equivalent, inconclusive] = counts;
        SimulatedRow { noise: name.into(), true_factor, regressed, improved, equivalent, inconclusive }
    };
    let study = SimulatedErrorRates {
        schema_version: ERROR_RATES_VERSION,
        draws: DRAWS,
        rounds: ROUNDS,
        rows: rows.into_iter().map(row).collect(),
    };
    crate::save(out, "simulated", &study, &text)
}

fn slot(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Regressed => 0,
        Verdict::Improved => 1,
        Verdict::Equivalent => 2,
        Verdict::Inconclusive => 3,
    }
}
