//! The examination of one candidate: the calls that checks make, and the ledger of what they found.

use std::{collections::BTreeMap, rc::Rc};

use anyhow::{Result, bail};
use patchmark_results::{
    CheckRow, CheckVerdict, Difference, Tolerance, text::first_line, validation::CheckFinding,
};

use super::{
    calls::{call, describe, limit_of},
    inspect::inspect,
    session::Session,
};
use crate::{
    parity::{self, bits::equal},
    worker::{
        Death, Observation, Returned,
        protocol::{Call, ImageRef},
    },
    workload::{CorpusSpec, Pattern},
};

/// Findings that are kept per check; the rest are only counted.
const KEPT: usize = 4;

/// Why a check cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The worker ended; `survives` records the finding.
    #[error("its worker {0}")]
    Gone(String),
    /// The candidate raised an exception that it should not.
    #[error("raised {message}")]
    Raised { message: String, traceback: String },
}

/// What is wrong with plain calls.
#[derive(Debug, Clone, Default)]
struct Usual {
    /// The checks on results that they fail.
    broken: Vec<&'static str>,
    /// How far their values are from the reference's.
    parity: Difference,
}

/// Candidate, reference, and what has been found so far.
pub struct Exam<'a> {
    /// The two workers.
    pub session: &'a mut Session,
    /// What is allowed.
    pub tolerance: Tolerance,
    /// One row per check, in the order in which they are listed.
    pub ledger: Vec<CheckRow>,
    /// The call that first showed a failure, by check name; the evidence is written from it.
    shown: BTreeMap<String, Call>,
    /// The call made last.
    last_call: Option<Call>,
    /// What is wrong with plain calls, so that other checks do not report it again.
    usual: Option<Usual>,
}

impl<'a> Exam<'a> {
    /// An examination with one row for each of `checks`, given as name and what it guards.
    pub(super) fn new(
        session: &'a mut Session,
        tolerance: Tolerance,
        checks: impl Iterator<Item = (&'static str, &'static str)>,
    ) -> Self {
        let ledger = checks.map(|(name, guards)| CheckRow::not_run(name, guards)).collect();
        Self { session, tolerance, ledger, shown: BTreeMap::new(), last_call: None, usual: None }
    }

    /// The row of a check; none if the check was not asked for.
    pub(super) fn row(&mut self, check: &str) -> Option<&mut CheckRow> {
        self.ledger.iter_mut().find(|row| row.name == check)
    }

    /// Records a finding of a check.
    pub(super) fn fail(&mut self, check: &str, detail: impl Into<String>, trace: impl Into<String>) {
        let call = self.last_call.clone();
        if let Some(row) = self.row(check) {
            row.verdict = CheckVerdict::Failed;
            row.count += 1;
            if row.findings.len() < KEPT {
                row.findings.push(CheckFinding { detail: detail.into(), trace: trace.into() });
            }
            if let Some(call) = call {
                self.shown.entry(check.to_owned()).or_insert(call);
            }
        }
    }

    /// The call that first showed a check's failure.
    pub(super) fn shown_by(&self, check: &str) -> Option<&Call> {
        self.shown.get(check)
    }

    /// Says which call the next finding comes from, if it is not the last one made.
    pub(super) fn comes_from(&mut self, call: Option<Call>) {
        self.last_call = call;
    }

    /// Records that a check ran to its end; it passes unless it has findings.
    pub(super) fn ran(&mut self, check: &str) {
        if let Some(row) = self.row(check).filter(|row| row.verdict == CheckVerdict::NotRun) {
            row.verdict = CheckVerdict::Passed;
        }
    }

    /// Records why a check has no result.
    pub(super) fn skip(&mut self, check: &str, verdict: CheckVerdict, reason: impl Into<String>) {
        if let Some(row) = self.row(check).filter(|row| row.verdict != CheckVerdict::Failed) {
            row.verdict = verdict;
            row.reason = reason.into();
        }
    }

    pub(super) fn failed(&self, check: &str) -> bool {
        self.ledger.iter().any(|row| row.name == check && row.verdict == CheckVerdict::Failed)
    }

    /// A noise image of that size; the same number gives the same pixels.
    pub(super) fn noise(&mut self, number: u64, width: usize, height: usize) -> Result<ImageRef> {
        let name = format!("noise {number}");
        let spec = CorpusSpec { name, width, height, pattern: Pattern::Noise(number) };
        self.session.image(&spec.render())
    }

    /// Calls both sides.
    pub(super) fn call_both(&mut self, call: &Call) -> Result<(Rc<Observation>, Observation)> {
        self.last_call = Some(call.clone());
        let (reference, candidate) = self.session.call_both(call)?;
        let candidate = self.alive(candidate)?;
        Ok((reference, candidate))
    }

    /// Calls the candidate alone; it must return a result.
    pub(super) fn call_candidate(&mut self, call: &Call) -> Result<Returned> {
        self.last_call = Some(call.clone());
        let candidate = self.session.call_candidate(call)?;
        self.returned(candidate)
    }

    pub(super) fn returned(&mut self, observation: Observation) -> Result<Returned> {
        match self.alive(observation)? {
            Observation::Returned(returned) => Ok(returned),
            Observation::Raised { message, traceback } => Err(Stop::Raised { message, traceback }.into()),
            Observation::Died(_) | Observation::Unavailable => bail!("a dead worker was let through"),
        }
    }

    /// The observation, unless the worker ended.
    fn alive(&mut self, observation: Observation) -> Result<Observation> {
        match observation {
            Observation::Died(death) => Err(self.died(&death).into()),
            Observation::Unavailable => Err(Stop::Gone("ended too often before".into()).into()),
            other => Ok(other),
        }
    }

    /// Records the end of the candidate's worker.
    pub(super) fn died(&mut self, death: &Death) -> Stop {
        let images = self.last_call.as_ref().map(|call| describe(&call.images)).unwrap_or_default();
        self.fail("survives", format!("its worker {death}{images}"), death.output.clone());
        Stop::Gone(death.what.clone())
    }

    /// Why two observations of the same call do not agree, if they do not.
    pub(super) fn disagree(
        &mut self,
        reference: &Observation,
        candidate: &Observation,
    ) -> Result<Option<String>> {
        Ok(match (reference, candidate) {
            (Observation::Raised { .. }, Observation::Raised { .. }) => None,
            (Observation::Raised { message, .. }, Observation::Returned(_)) => {
                Some(format!("returns a result where the reference raises {}", first_line(message)))
            }
            (Observation::Returned(_), Observation::Raised { message, .. }) => {
                Some(format!("raises {} where the reference returns a result", first_line(message)))
            }
            (Observation::Returned(reference), Observation::Returned(candidate)) => {
                let found = inspect(reference, candidate, i64::MAX, &self.tolerance)?;
                // What is already wrong with plain calls is reported by the check that guards it.
                let usual = self.usual()?;
                let values = found.parity.filter(|found| {
                    let known =
                        found.class() <= usual.parity.class() && found.worst <= 2.0 * usual.parity.worst;
                    !self.tolerance.accept(found) && !known
                });
                let structure = found.broken.into_iter().find(|(check, _)| !usual.broken.contains(check));
                let structure = structure.map(|(_, sentence)| sentence);
                structure.or(values.map(|found| found.describe()))
            }
            _ => bail!("a dead worker was compared"),
        })
    }

    /// What is wrong with plain calls on three images.
    fn usual(&mut self) -> Result<Usual> {
        if let Some(usual) = &self.usual {
            return Ok(usual.clone());
        }
        let mut total = Usual::default();
        for (number, (width, height)) in [(901, (64, 48)), (902, (300, 200)), (903, (50, 90))] {
            let image = self.noise(number, width, height)?;
            let (reference, candidate) = self.session.call_both(&call(vec![image]))?;
            if let (Observation::Returned(reference), Observation::Returned(candidate)) =
                (&*reference, &candidate)
            {
                let found = inspect(reference, candidate, limit_of(&call(Vec::new())), &self.tolerance)?;
                total.broken.extend(found.broken.into_iter().map(|(check, _)| check));
                total.parity.add(&found.parity.unwrap_or_default());
            }
        }
        Ok(self.usual.insert(total).clone())
    }

    /// Whether the tensors of two images agree within the tolerance; `pixel_values` comes first in both slices.
    pub(super) fn agree(&self, one: &[tch::Tensor], other: &[tch::Tensor]) -> Result<bool> {
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
        let found = parity::measure(&a, &b, &[values.size()[0]], &self.tolerance)?;
        Ok(self.tolerance.accept(&found))
    }
}
