//! Simulated comparisons with known true effects.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use patchmark_results::{
    Verdict,
    error_rates::{ERROR_RATES_VERSION, SimulatedErrorRates, SimulatedRow},
};
use patchmark_statistics::simulate::{Noise, decide, is_wrong};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Comparisons per noise and true factor; with six noises, that is 2,400 per factor.
const DRAWS: usize = 400;
/// Rounds that the budget is assumed to allow.
const ROUNDS: usize = 100;
/// True changes: none, the minimum effect of 1% in either direction, where verdicts change, just beyond it, and far beyond.
const FACTORS: [f64; 9] = [0.95, 0.98, 0.99, 1.0, 1.01, 1.015, 1.02, 1.05, 1.1];

/// How often each verdict was given, in the order of the columns (see [`slot`]), and how often it was wrong.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    verdicts: [usize; 5],
    wrong: usize,
}

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
    let mut totals = [Counts::default(); FACTORS.len()];
    for (index, (name, noise)) in noises.iter().enumerate() {
        for (factor, total) in FACTORS.iter().zip(&mut totals) {
            let mut rng = ChaCha8Rng::seed_from_u64(1000 + index as u64);
            let mut counts = Counts::default();
            for _ in 0..DRAWS {
                let judged = decide(noise, *factor, ROUNDS, &mut rng).context("too few rounds")?;
                counts.verdicts[slot(judged.verdict)] += 1;
                counts.wrong += usize::from(is_wrong(&judged, *factor));
            }
            total.verdicts.iter_mut().zip(counts.verdicts).for_each(|(total, count)| *total += count);
            total.wrong += counts.wrong;
            rows.push((*name, *factor, counts));
        }
    }
    let draws = DRAWS * noises.len();
    let mut text = format!(
        "# Error rates on simulated noise\n\nBy `make error-rates`: {DRAWS} comparisons of each noise and true \
         change ({draws} of each change), decided as `compare` does with a budget for {ROUNDS} rounds, a minimum \
         effect of 1% and the default error rate of 1%. A verdict is wrong if it says what is not true, given the \
         minimum effect that was applied: 1%, or the base's difference from itself if that is larger.\n\n| noise | \
         true change | regressed | improved | equivalent | not slower | inconclusive | wrong |\n| :--- | ---: | ---: \
         | ---: | ---: | ---: | ---: | ---: |\n"
    );
    let all = FACTORS.iter().zip(totals).map(|(factor, counts)| ("**all**", *factor, counts));
    for (name, factor, counts) in rows.iter().copied().chain(all) {
        let of: usize = counts.verdicts.iter().sum();
        let share = |count: usize| format!("{count} ({:.2}%)", 100.0 * count as f64 / of as f64);
        let cells = counts.verdicts.map(share).join(" | ");
        let change = (factor - 1.0) * 100.0;
        writeln!(text, "| {name} | {change:+.1}% | {cells} | {} |", share(counts.wrong))?;
    }
    text += "\n`recorded` is the series of `fixtures/noise/two-cores.json`: times of one processor on two cores \
             that other work shared, each over the median of all, from a random start.\n";
    let row = |(name, true_factor, Counts { verdicts, wrong }): (&str, f64, Counts)| {
        let [regressed, improved, equivalent, not_slower, inconclusive] = verdicts;
        SimulatedRow {
            noise: name.into(),
            true_factor,
            regressed,
            improved,
            equivalent,
            not_slower,
            inconclusive,
            wrong: Some(wrong),
        }
    };
    let study = SimulatedErrorRates {
        schema_version: ERROR_RATES_VERSION,
        draws: DRAWS,
        rounds: ROUNDS,
        rows: rows.into_iter().map(row).collect(),
    };
    crate::save(out, "simulated", &study, &text)
}

/// The column of a verdict.
fn slot(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Regressed => 0,
        Verdict::Improved => 1,
        Verdict::Equivalent => 2,
        Verdict::NotSlower => 3,
        Verdict::Inconclusive => 4,
    }
}
