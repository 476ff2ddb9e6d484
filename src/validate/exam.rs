//! One candidate under examination: the calls that checks make, and the ledger of what they found.

use std::{path::PathBuf, rc::Rc};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::{
    checks::{CHECKS, Guard},
    inspect::inspect,
    observation::{Observation, Returned},
    parity::{Measurement, Rules},
    session::Session,
};
use crate::{
    processor::Parameters,
    worker::{
        Death,
        protocol::{Call, Form, ImageRef},
    },
    workload::{CorpusSpec, Pattern},
};

/// Findings that a check keeps; the rest are counted.
const KEPT: usize = 4;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing was found.
    Passed,
    /// At least one finding.
    Failed,
    /// The subject has nothing that the check could look at.
    NotApplicable,
    /// It could not be decided, because the subject did not last so long.
    NotRun,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What, and with which image.
    pub detail: String,
    /// The traceback or the end of the worker's output, where there is one.
    pub trace: String,
}

/// One check's line of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The check's name.
    pub name: String,
    /// What it guards.
    pub guards: String,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it was not run or does not apply.
    pub reason: String,
    /// How many findings there were.
    pub count: usize,
    /// The first of them.
    pub findings: Vec<Finding>,
    /// The evidence's folder within the run, where there is one.
    pub evidence: Option<PathBuf>,
    /// The smallest size that still shows it, in pixels: width and height.
    pub smallest: Option<(usize, usize)>,
    /// The command that shows it again.
    pub replay: String,
    /// The call that showed it first.
    #[serde(skip)]
    pub call: Option<Call>,
}

/// Why a check cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The worker ended; the finding is `survives`'s.
    #[error("its worker {0}")]
    Gone(String),
    /// The candidate raised where it should not.
    #[error("raised {message}")]
    Raised { message: String, traceback: String },
}

/// What plain calls show.
#[derive(Debug, Clone, Default)]
struct Baseline {
    /// Checks on results that they fail.
    broken: Vec<&'static str>,
    /// How far their values are from the reference's.
    parity: Measurement,
}

/// A candidate, its judge, and what is known so far.
pub struct Exam<'a> {
    /// The two workers.
    pub session: &'a mut Session,
    /// What is allowed.
    pub rules: Rules,
    /// One row a check, in the order in which they are listed.
    pub ledger: Vec<Row>,
    /// The call made last, for the evidence.
    pub(super) last: Option<Call>,
    /// What is wrong with plain calls, so that a check of another thing does not repeat it.
    baseline: Option<Baseline>,
}

impl<'a> Exam<'a> {
    pub(super) fn new(session: &'a mut Session, rules: Rules, wanted: impl Fn(&str) -> bool) -> Self {
        let row = |check: &super::checks::Check| Row {
            name: check.name.into(),
            guards: check.guards.into(),
            verdict: Verdict::NotRun,
            reason: String::new(),
            count: 0,
            findings: Vec::new(),
            evidence: None,
            smallest: None,
            replay: String::new(),
            call: None,
        };
        let ledger = CHECKS.iter().filter(|check| wanted(check.name)).map(row).collect();
        Self { session, rules, ledger, last: None, baseline: None }
    }

    /// The row of a check, where that check is asked for.
    pub(super) fn row(&mut self, check: &str) -> Option<&mut Row> {
        self.ledger.iter_mut().find(|row| row.name == check)
    }

    /// Records that something is wrong.
    pub(super) fn fail(&mut self, check: &str, detail: impl Into<String>, trace: impl Into<String>) {
        let call = self.last.clone();
        if let Some(row) = self.row(check) {
            row.verdict = Verdict::Failed;
            row.count += 1;
            row.call = row.call.take().or(call);
            if row.findings.len() < KEPT {
                row.findings.push(Finding { detail: detail.into(), trace: trace.into() });
            }
        }
    }

    /// Records that a check ran to its end; it passed unless something was found.
    pub(super) fn ran(&mut self, check: &str) {
        if let Some(row) = self.row(check).filter(|row| row.verdict == Verdict::NotRun) {
            row.verdict = Verdict::Passed;
        }
    }

    /// Records why a check says nothing.
    pub(super) fn skip(&mut self, check: &str, verdict: Verdict, reason: impl Into<String>) {
        if let Some(row) = self.row(check).filter(|row| row.verdict != Verdict::Failed) {
            row.verdict = verdict;
            row.reason = reason.into();
        }
    }

    pub(super) fn failed(&self, check: &str) -> bool {
        self.ledger.iter().any(|row| row.name == check && row.verdict == Verdict::Failed)
    }

    /// Runs one check of [`CHECKS`] that makes its own calls.
    pub(super) fn run(&mut self, name: &'static str, guard: Guard) -> Result<()> {
        let Guard::Calls { python, run } = guard else { return Ok(()) };
        if self.row(name).is_none() {
            return Ok(());
        }
        if python && !self.session.python {
            self.skip(name, Verdict::NotApplicable, "the subject takes decoded RGB images in Rust");
            return Ok(());
        }
        match run(self) {
            Ok(None) => self.ran(name),
            Ok(Some(reason)) => self.skip(name, Verdict::NotApplicable, reason),
            Err(error) => match error.downcast::<Stop>()? {
                Stop::Gone(reason) => {
                    self.skip(name, Verdict::NotRun, format!("the candidate's worker {reason}"));
                }
                Stop::Raised { message, traceback } => {
                    self.fail(name, format!("raised {message}"), traceback);
                }
            },
        }
        if self.failed(name) {
            self.session.candidate.renew();
        }
        Ok(())
    }

    /// A noise image of that size; the same for the same number.
    pub(super) fn noise(&mut self, number: u64, width: usize, height: usize) -> Result<ImageRef> {
        let name = format!("noise {number}");
        let spec = CorpusSpec { name, width, height, pattern: Pattern::Noise(number) };
        self.session.image(&spec.render())
    }

    /// Calls both sides.
    pub(super) fn both(&mut self, call: &Call) -> Result<(Rc<Observation>, Observation)> {
        self.last = Some(call.clone());
        let (right, given) = self.session.both(call)?;
        let given = self.lives(given)?;
        Ok((right, given))
    }

    /// Calls the candidate, which has to return.
    pub(super) fn own(&mut self, call: &Call) -> Result<Returned> {
        self.last = Some(call.clone());
        let given = self.session.own(call)?;
        self.returned(given)
    }

    pub(super) fn returned(&mut self, observation: Observation) -> Result<Returned> {
        match self.lives(observation)? {
            Observation::Returned(returned) => Ok(returned),
            Observation::Raised { message, traceback } => Err(Stop::Raised { message, traceback }.into()),
            Observation::Died(_) | Observation::Unavailable => bail!("a dead worker was let through"),
        }
    }

    fn lives(&mut self, observation: Observation) -> Result<Observation> {
        match observation {
            Observation::Died(death) => Err(self.died(&death).into()),
            Observation::Unavailable => Err(Stop::Gone("ended too often before".into()).into()),
            other => Ok(other),
        }
    }

    /// Records the end of the candidate's worker.
    pub(super) fn died(&mut self, death: &Death) -> Stop {
        let images = self.last.as_ref().map(|call| describe(&call.images)).unwrap_or_default();
        self.fail("survives", format!("its worker {death}{images}"), death.output.clone());
        Stop::Gone(death.what.clone())
    }

    /// Why two observations of the same call do not agree, if they do not.
    pub(super) fn disagree(&mut self, right: &Observation, given: &Observation) -> Result<Option<String>> {
        Ok(match (right, given) {
            (Observation::Raised { .. }, Observation::Raised { .. }) => None,
            (Observation::Raised { message, .. }, Observation::Returned(_)) => {
                Some(format!("returns a result where the reference raises {}", first_line(message)))
            }
            (Observation::Returned(_), Observation::Raised { message, .. }) => {
                Some(format!("raises {} where the reference returns a result", first_line(message)))
            }
            (Observation::Returned(right), Observation::Returned(given)) => {
                let found = inspect(right, given, i64::MAX, &self.rules)?;
                // What is wrong with plain calls is the finding of the check that guards it.
                let usual = self.baseline()?;
                let values = found.parity.filter(|found| {
                    let known =
                        found.class() <= usual.parity.class() && found.worst <= 2.0 * usual.parity.worst;
                    !self.rules.accept(found) && !known
                });
                let structure = found.broken.into_iter().find(|(check, _)| !usual.broken.contains(check));
                let structure = structure.map(|(_, sentence)| sentence);
                structure.or(values.map(|found| found.describe()))
            }
            _ => bail!("a dead worker was compared"),
        })
    }

    /// Plain calls of three images.
    fn baseline(&mut self) -> Result<Baseline> {
        if let Some(baseline) = &self.baseline {
            return Ok(baseline.clone());
        }
        let mut total = Baseline::default();
        for (number, (width, height)) in [(901, (64, 48)), (902, (300, 200)), (903, (50, 90))] {
            let image = self.noise(number, width, height)?;
            let (right, given) = self.session.both(&call(vec![image]))?;
            if let (Observation::Returned(right), Observation::Returned(given)) = (&*right, &given) {
                let found = inspect(right, given, limit_of(&call(Vec::new())), &self.rules)?;
                total.broken.extend(found.broken.into_iter().map(|(check, _)| check));
                total.parity.add(&found.parity.unwrap_or_default());
            }
        }
        Ok(self.baseline.insert(total).clone())
    }

    /// Whether two images' tensors agree as far as the rules demand.
    pub(super) fn same(&self, one: &[tch::Tensor], other: &[tch::Tensor]) -> Result<bool> {
        let equal =
            |a: &tch::Tensor, b: &tch::Tensor| Ok::<_, anyhow::Error>(a.size() == b.size() && a.f_equal(b)?);
        let ([values, rest @ ..], [other_values, other_rest @ ..]) = (one, other) else { return Ok(false) };
        for (a, b) in rest.iter().zip(other_rest) {
            if !equal(a, b)? {
                return Ok(false);
            }
        }
        if values.size() != other_values.size() || values.dim() != 2 {
            return equal(values, other_values);
        }
        let (a, b) = (values.f_unsqueeze(0)?, other_values.f_unsqueeze(0)?);
        let found = super::parity::measure(&a, &b, &[values.size()[0]], &self.rules)?;
        Ok(self.rules.accept(&found))
    }
}

/// A plain call: natural form, no keywords.
pub(super) fn call(images: Vec<ImageRef>) -> Call {
    Call {
        images,
        form: Form::Natural,
        keywords: Map::new(),
        outputs: PathBuf::new(),
        unfiltered: false,
        probe: false,
        mutate: false,
        keep: None,
    }
}

/// A plain call with parameters given at the call.
pub(super) fn call_with(images: Vec<ImageRef>, limit: usize, patch: usize) -> Call {
    let mut call = call(images);
    call.keywords.insert("max_num_patches".into(), limit.into());
    call.keywords.insert("patch_size".into(), patch.into());
    call
}

/// The number of patches in force in a call.
pub(super) fn limit_of(call: &Call) -> i64 {
    let given = call.keywords.get("max_num_patches").and_then(serde_json::Value::as_i64);
    given.unwrap_or(Parameters::default().max_num_patches as i64)
}

fn describe(images: &[ImageRef]) -> String {
    match images {
        [] => " on an empty batch".into(),
        [one] => format!(" on one {} image of {}×{} px", one.mode, one.width, one.height),
        [first, ..] => {
            format!(" on {} images, the first of {}×{} px", images.len(), first.width, first.height)
        }
    }
}

/// The first line of an exception's message.
pub(super) fn first_line(message: &str) -> String {
    crate::report::format::shorten(&crate::report::format::clean(message.lines().next().unwrap_or("")), 160)
}
