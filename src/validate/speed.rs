//! Times candidate and reference in paired rounds and decides as `compare` does, but only about larger changes: each
//! side is timed in one process, and two processes of the same class differ by up to 3% (memory layout, order of
//! loading). If less than the default minimum effect of 10% matters, use `compare`, which restarts both sides often
//! enough to see it.

use anyhow::Result;
use patchmark_results::{Round, Rule, Verdict, validation::SpeedRow};
use patchmark_statistics::{Contest, RowName, measure, median};
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
/// Calls per turn, of which the fastest counts.
const CALLS: usize = 3;

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
        let mut turns = Self { session, rows, quiet: Quiet::default(), borders: Default::default() };
        for row in 0..turns.rows.len() {
            for _ in 0..WARM_UP {
                turns.round(row, false)?;
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

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        let Session { reference, candidate, .. } = &mut *self.session;
        let mut times = [[0.0; 2]; 2];
        let mut taken = [0; 2];
        for place in if mirrored { [1, 0, 0, 1] } else { [0, 1, 1, 0] } {
            let processes: Vec<u32> =
                [&*reference, candidate].into_iter().flat_map(Side::processes).collect();
            let (side, name) = if place == 0 {
                (&mut *reference, "the reference")
            } else {
                (&mut *candidate, "the candidate")
            };
            self.quiet.before_in(&processes, name);
            let (ms, border) = time(side, row)?;
            times[place][taken[place]] = ms;
            if let Some(ms) = border {
                self.borders[place].add(&self.rows[row].batch, ms);
            }
            taken[place] += 1;
        }
        Ok(Round { base: times[0], candidate: times[1], ..Round::default() })
    }

    fn notes(&self) -> Vec<String> {
        let borders = self.session.names().into_iter().zip(&self.borders);
        let borders = borders.filter_map(|(name, border)| border.note(&name));
        self.quiet.notes().into_iter().chain(borders).collect()
    }
}

/// The milliseconds of the fastest call, and for a program those of the border.
fn time(side: &mut Side, row: usize) -> Result<(f64, Option<f64>)> {
    match side.ask(&Request::Time { slot: slot(row), calls: CALLS })? {
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
