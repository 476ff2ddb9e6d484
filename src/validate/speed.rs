//! Candidate against reference in paired rounds, and a verdict.

use std::time::Instant;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::{
    exam::Exam,
    run::Settings,
    side::{Answer, Side},
};
use crate::{
    gate::Verdict,
    measure::statistics,
    report::schema::Estimate,
    worker::protocol::{Form, Reply, Request},
};

/// Rounds before anything is decided.
const FEWEST: usize = 10;
/// Rounds after which more would not help.
const MOST: usize = 400;
/// Untimed turns of each side.
const WARM_UP: usize = 2;
/// Calls of a turn, of which the fastest counts.
const CALLS: usize = 3;
/// The most that a noisy machine may widen the smallest effect to.
const WIDEST: f64 = 0.15;

/// One batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeedRow {
    /// Images in the batch.
    pub batch_size: usize,
    /// Median milliseconds of the reference.
    pub reference_ms: f64,
    /// Median milliseconds of the candidate.
    pub candidate_ms: f64,
    /// The candidate's time over the reference's, paired within a round, with its 95% interval.
    pub ratio: Estimate,
    /// Rounds; each times candidate and reference twice.
    pub rounds: usize,
    /// The smallest relative change that counted: what was asked for, or what this machine can tell.
    pub effect: f64,
    /// What that says.
    pub verdict: Verdict,
}

/// The smallest effect that can be told here: how far the reference is from itself, from the
/// log-ratios of its two turns in each round.
fn floor(itself: &[f64], effect: f64) -> f64 {
    let spread =
        statistics::estimate(itself).map_or(0.0, |estimate| estimate.low.abs().max(estimate.high.abs()));
    effect.max(spread.exp_m1().min(WIDEST))
}

/// Decides from the log-ratios of the rounds.
fn decide(ratios: &[f64], effect: f64) -> Option<(Estimate, Verdict)> {
    let estimate = statistics::estimate(ratios)?;
    let threshold = effect.ln_1p();
    let verdict = if estimate.low > threshold {
        Verdict::Regressed
    } else if estimate.high < -threshold {
        Verdict::Improved
    } else if estimate.low > -threshold && estimate.high < threshold {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    };
    Some((estimate, verdict))
}

/// One verdict over all batch sizes: the worst news first.
pub(super) fn together(rows: &[SpeedRow]) -> Option<Verdict> {
    (!rows.is_empty()).then(|| Verdict::overall(rows.iter().map(|row| row.verdict)))
}

/// Times every batch size; the inner error says why the candidate could not be timed.
pub(super) fn measure(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Vec<SpeedRow>, String>> {
    let mut rows = Vec::new();
    for &size in &settings.batch_sizes {
        progress(&format!("timing batches of {size}"));
        let images: Vec<_> = settings.photographs.iter().cycle().take(size).cloned().collect();
        let mut written = Vec::new();
        for image in &images {
            written.push(exam.session.image(image)?);
        }
        let prepare = Request::Prepare {
            slot: "timed".into(),
            images: written,
            form: Form::Natural,
            keywords: serde_json::Map::new(),
        };
        for side in [&mut exam.session.reference, &mut exam.session.candidate] {
            match side.ask(&prepare)? {
                Answer::Reply(Reply::Done) => {}
                Answer::Died(death) => return Ok(Err(format!("its worker {death}"))),
                other => bail!("a worker answered {other:?}"),
            }
        }
        match batch(exam, settings, size)? {
            Ok(row) => rows.push(row),
            Err(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(rows))
}

fn batch(
    exam: &mut Exam<'_>,
    settings: &Settings,
    size: usize,
) -> Result<std::result::Result<SpeedRow, String>> {
    let started = Instant::now();
    let budget = settings.budget.div_f64(settings.batch_sizes.len().max(1) as f64);
    let (mut ratios, mut right, mut given) = (Vec::new(), Vec::new(), Vec::new());
    let time = |side: &mut Side| -> Result<std::result::Result<f64, String>> {
        Ok(match side.ask(&Request::Time { slot: "timed".into(), calls: CALLS })? {
            Answer::Reply(Reply::Timed { ms }) => Ok(ms.max(1e-6)),
            Answer::Reply(Reply::Raised { message, .. }) => Err(format!("raised {message}")),
            Answer::Died(death) => Err(format!("its worker {death}")),
            Answer::Unavailable => Err("its worker ended too often".into()),
            Answer::Reply(other) => bail!("a worker answered {other:?}"),
        })
    };
    macro_rules! timed {
        ($side:expr) => {
            match time($side)? {
                Ok(ms) => ms,
                Err(why) => return Ok(Err(why)),
            }
        };
    }
    for _ in 0..WARM_UP {
        timed!(&mut exam.session.reference);
        timed!(&mut exam.session.candidate);
    }
    loop {
        // Reference, candidate, candidate, reference: a drift within the round hits both alike.
        // Every other round begins with the candidate.
        let swapped = ratios.len() % 2 == 1;
        let mut sums = [0.0, 0.0];
        for candidate in [swapped, !swapped, !swapped, swapped] {
            let ms = if candidate {
                timed!(&mut exam.session.candidate)
            } else {
                timed!(&mut exam.session.reference)
            };
            sums[usize::from(candidate)] += ms.ln() / 2.0;
            if candidate { given.push(ms) } else { right.push(ms) }
        }
        ratios.push(sums[1] - sums[0]);
        let rounds = ratios.len();
        if rounds < FEWEST || rounds % 5 != 0 {
            continue;
        }
        let itself: Vec<f64> =
            right.chunks_exact(2).map(|turns: &[f64]| (turns[1] / turns[0]).ln()).collect();
        let effect = floor(&itself, settings.effect);
        let Some((estimate, verdict)) = decide(&ratios, effect) else { bail!("a time was not finite") };
        if verdict != Verdict::Inconclusive || started.elapsed() > budget || rounds >= MOST {
            return Ok(Ok(SpeedRow {
                batch_size: size,
                reference_ms: statistics::median(&right),
                candidate_ms: statistics::median(&given),
                ratio: Estimate {
                    median: estimate.median.exp(),
                    low: estimate.low.exp(),
                    high: estimate.high.exp(),
                },
                rounds,
                effect,
                verdict,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ratio: f64, spread: f64) -> Verdict {
        let ratios: Vec<f64> =
            (0..40).map(|round| f64::ln(ratio) + spread * (f64::from(round % 7) - 3.0) / 3.0).collect();
        decide(&ratios, 0.05).unwrap().1
    }

    #[test]
    fn a_third_slower_is_regressed_and_the_same_is_equivalent() {
        assert_eq!(verdict(1.33, 0.05), Verdict::Regressed);
        assert_eq!(verdict(0.5, 0.05), Verdict::Improved);
        assert_eq!(verdict(1.0, 0.02), Verdict::Equivalent);
        assert_eq!(verdict(1.05, 0.3), Verdict::Inconclusive);
    }

    #[test]
    fn a_noisy_machine_widens_the_effect_only_so_far() {
        assert_eq!(floor(&[0.001, -0.001, 0.0, 0.002], 0.05), 0.05);
        assert!(floor(&[0.1, 0.09, 0.08, 0.11], 0.05) > 0.05);
        assert_eq!(floor(&[0.9, 1.1, 1.0], 0.05), WIDEST);
        assert_eq!(floor(&[0.9, 1.1, 1.0], 0.5), 0.5);
    }

    #[test]
    fn the_worst_batch_size_speaks_for_all() {
        let row = |verdict| SpeedRow {
            batch_size: 1,
            reference_ms: 1.0,
            candidate_ms: 1.0,
            ratio: Estimate { median: 1.0, low: 1.0, high: 1.0 },
            rounds: 10,
            effect: 0.05,
            verdict,
        };
        let rows = [row(Verdict::Improved), row(Verdict::Regressed)];
        assert_eq!(together(&rows), Some(Verdict::Regressed));
        assert_eq!(together(&[]), None);
    }
}
