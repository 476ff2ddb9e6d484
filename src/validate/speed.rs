//! Times candidate and reference in paired rounds and decides as `compare` does, but only about larger changes: each
//! side is timed in one process, and two processes of the same class differ by up to 3% (memory layout, order of
//! loading); the workers keep the memory that a call frees, since otherwise they would differ by far more. If less than
//! the default minimum effect of 10% matters, use `compare`, which restarts both sides often enough to see it.

use std::ops::RangeInclusive;

use anyhow::Result;
use patchmark_results::{Round, Rule, Verdict, validation::SpeedRow};
use patchmark_statistics::{Contest, Looks, RowName, measure, median};
use serde_json::Map;

use super::{exam::Exam, session::Session, settings::Settings};
use crate::{
    measure::Quiet,
    worker::{
        Answer, Border, Side,
        protocol::{Form, Reply, Request},
    },
};

/// The chance, at most, that any speed verdict of a validation is wrong. It is greater than `compare`'s, because a
/// validation has a fifth of its time.
const ERROR_RATE: f64 = 0.05;
/// Untimed rounds of each row, before the timed ones.
const WARM_UP: usize = 2;
/// About how many milliseconds a turn takes, and how many calls it may have; the fastest one counts. Turns are short, so that
/// both sides meet the machine in the same states: on a shared one, its speed was seen to change about once a second. But
/// after the other process has run, the first call finds cold caches, which slows a short call most.
const TURN_MS: f64 = 20.0;
const CALLS: RangeInclusive<usize> = 1..=8;

/// A subject that answered every check no longer answers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Lost(String);

/// The times of every batch size.
pub(super) struct Times {
    /// The rule by which they were judged.
    pub(super) rule: Rule,
    /// One row per batch size.
    pub(super) rows: Vec<SpeedRow>,
    /// What disturbed them, one sentence each.
    pub(super) notes: Vec<String>,
    /// Whether Ctrl-C ended them; then none is judged, and a batch size without a round has no row.
    pub(super) interrupted: bool,
}

/// Times every batch size; the inner error says why the candidate could not be timed.
pub(super) fn measure_all(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<std::result::Result<Times, String>> {
    Ok(match timed(exam.session, settings, progress) {
        Ok(times) => Ok(times),
        Err(error) => match error.downcast::<Lost>() {
            Ok(lost) => Err(lost.to_string()),
            Err(error) => return Err(error),
        },
    })
}

fn timed(session: &mut Session, settings: &Settings, progress: &mut dyn FnMut(&str)) -> Result<Times> {
    let interrupt = session.interrupt();
    let mut turns = Turns::prepare(session, settings)?;
    let rule = Rule {
        min_effect: settings.effect,
        error_rate: ERROR_RATE,
        rows: settings.batch_sizes.len().max(1),
        looks: 1,
    };
    let measured =
        measure(&mut turns, rule, settings.budget, settings.seed, &interrupt, &mut |_, label: &str| {
            progress(&format!("timing: {label}"));
        })?;
    let interrupted = measured.interrupted;
    let rows = settings.batch_sizes.iter().zip(measured.pairs.iter().zip(measured.judged));
    let middle = |times: &[[f64; 2]]| median(&times.iter().flatten().copied().collect::<Vec<_>>());
    let rows = rows.filter(|(_, (pairs, _))| pairs.rounds() > 0).map(|(&batch_size, (pairs, judged))| {
        let judgement = judged.ok().filter(|_| !interrupted);
        SpeedRow {
            batch_size,
            reference_ms: middle(&pairs.base),
            candidate_ms: middle(&pairs.candidate),
            rounds: pairs.rounds(),
            verdict: judgement.map_or(Verdict::Inconclusive, |judged| judged.verdict),
            judgement,
        }
    });
    Ok(Times { rule: measured.rule, rows: rows.collect(), notes: turns.notes(), interrupted })
}

/// The session's two workers, each with every batch ready to be called.
struct Turns<'a> {
    session: &'a mut Session,
    rows: Vec<RowName>,
    /// Calls per turn of each row.
    calls: Vec<usize>,
    quiet: Quiet,
    borders: [Border; 2],
}

impl<'a> Turns<'a> {
    fn prepare(session: &'a mut Session, settings: &Settings) -> Result<Self> {
        let mut rows = Vec::new();
        for (row, &size) in settings.batch_sizes.iter().enumerate() {
            let mut images = Vec::new();
            for image in settings.photographs.iter().cycle().take(size) {
                images.push(session.image(image)?);
            }
            let prepare = Request::Prepare {
                slot: slot(row),
                images,
                form: Form::Natural,
                keywords: Map::new(),
                processor: None,
            };
            for side in [&mut session.reference, &mut session.candidate] {
                match side.ask(&prepare)? {
                    Answer::Reply(Reply::Done) => {}
                    other => return Err(lost(other)),
                }
            }
            rows.push(RowName {
                subject: "preprocess".to_owned(),
                batch: format!("batch {size}"),
                base_failure: None,
                candidate_failure: None,
                parity: None,
            });
        }
        let calls = vec![*CALLS.start(); rows.len()];
        let mut turns = Self { session, rows, calls, quiet: Quiet::default(), borders: Default::default() };
        for row in 0..turns.rows.len() {
            for _ in 0..WARM_UP {
                let Round { base, candidate, .. } = turns.round(row, false)?;
                turns.calls[row] = calls_of(base.into_iter().chain(candidate).fold(f64::INFINITY, f64::min));
            }
        }
        Ok(turns)
    }
}

impl Contest for Turns<'_> {
    fn rows(&self) -> &[RowName] {
        &self.rows
    }

    fn restarts(&self) -> bool {
        false
    }

    fn looks(&self) -> Looks {
        Looks::FEW_ROUNDS
    }

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        let Session { reference, candidate, .. } = &mut *self.session;
        let mut times = [[0.0; 2]; 2];
        // A B and then B A, so that neither side always comes first.
        let first = usize::from(mirrored);
        for (half, first) in [first, 1 - first].into_iter().enumerate() {
            for place in [first, 1 - first] {
                let processes: Vec<u32> =
                    [&*reference, candidate].into_iter().flat_map(Side::processes).collect();
                let (side, name) = if place == 0 {
                    (&mut *reference, "the reference")
                } else {
                    (&mut *candidate, "the candidate")
                };
                self.quiet.before_in(&processes, name);
                let (ms, border) = time(side, row, self.calls[row])?;
                times[place][half] = ms;
                if let Some(ms) = border {
                    self.borders[place].add(&self.rows[row].batch, ms);
                }
            }
        }
        Ok(Round { base: times[0], candidate: times[1], ..Round::default() })
    }

    fn notes(&self) -> Vec<String> {
        let borders = self.session.names().into_iter().zip(&self.borders);
        let borders = borders.filter_map(|(name, border)| border.note(&name));
        self.quiet.notes().into_iter().chain(borders).collect()
    }
}

/// How many calls of `ms` milliseconds make a turn. Both sides make the same number, since the fastest of more calls is faster.
fn calls_of(ms: f64) -> usize {
    ((TURN_MS / ms) as usize).clamp(*CALLS.start(), *CALLS.end())
}

/// The milliseconds of the fastest call, and for a program those of the border.
fn time(side: &mut Side, row: usize, calls: usize) -> Result<(f64, Option<f64>)> {
    match side.ask(&Request::Time { slot: slot(row), calls })? {
        // Other work on the machine only ever makes a call slower.
        Answer::Reply(Reply::Timed { ms, border_ms }) if !ms.is_empty() => {
            Ok((ms.into_iter().fold(f64::INFINITY, f64::min).max(1e-6), border_ms))
        }
        other => Err(lost(other)),
    }
}

fn lost(answer: Answer) -> anyhow::Error {
    match answer {
        Answer::Reply(Reply::Raised { message, .. }) => Lost(format!("raised {message}")).into(),
        Answer::Died(death) => Lost(format!("its worker {death}")).into(),
        Answer::Unavailable => Lost("its worker ended too often".into()).into(),
        Answer::Reply(other) => anyhow::anyhow!("a worker answered {other:?}"),
    }
}

/// The slot under which both workers keep the batch of a row.
fn slot(row: usize) -> String {
    format!("timed {row}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_calls_share_a_turn_and_long_ones_have_their_own() {
        assert_eq!([1e-6, 2.0, 4.0, 70.0, 3e3].map(calls_of), [8, 8, 5, 1, 1]);
    }
}
