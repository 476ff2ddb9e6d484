//! The examination of one candidate: the calls that checks make, and the ledger of what they found.

mod agreement;

use std::{collections::BTreeMap, rc::Rc};

use anyhow::{Result, bail};
use patchmark_results::{CheckRow, CheckVerdict, Difference, Tolerance, validation::CheckFinding};

use super::{
    calls::describe,
    session::{Pending, Session},
    sight::{Asked, Sight},
};
use crate::{
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

/// What has been found: the row of each check, and what first showed each failure.
pub(super) type Found = (Vec<CheckRow>, BTreeMap<String, Sight>);

/// Candidate, reference, and what has been found so far.
pub struct Exam<'a> {
    /// The two workers.
    pub session: &'a mut Session,
    /// What is allowed.
    pub tolerance: Tolerance,
    /// One row per check, in the order in which they are listed.
    pub ledger: Vec<CheckRow>,
    /// What first showed a failure, by check name; the evidence is written from it.
    shown: BTreeMap<String, Sight>,
    /// What was asked last, and what came of it.
    last: Option<Sight>,
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
        Self { session, tolerance, ledger, shown: BTreeMap::new(), last: None, usual: None }
    }

    /// The row of a check; none if the check was not asked for.
    pub(super) fn row(&mut self, check: &str) -> Option<&mut CheckRow> {
        self.ledger.iter_mut().find(|row| row.name == check)
    }

    /// Records a finding of a check.
    pub(super) fn fail(&mut self, check: &str, detail: impl Into<String>, trace: impl Into<String>) {
        self.found(check, CheckFinding { detail: detail.into(), trace: trace.into(), code: String::new() });
    }

    /// Records a finding of a check.
    pub(super) fn found(&mut self, check: &str, finding: CheckFinding) {
        let last = self.last.clone();
        if let Some(row) = self.row(check) {
            row.verdict = CheckVerdict::Failed;
            row.count += 1;
            if row.findings.len() < KEPT {
                row.findings.push(finding);
            }
            if let Some(last) = last {
                self.shown.entry(check.to_owned()).or_insert(last);
            }
        }
    }

    /// What first showed a check's failure.
    pub(super) fn shown_by(&self, check: &str) -> Option<&Sight> {
        self.shown.get(check)
    }

    /// Whether a failure was shown by a call with that image, which the evidence needs.
    pub(super) fn needs(&self, image: &ImageRef) -> bool {
        self.shown.values().filter_map(Sight::call).any(|call| call.images.contains(image))
    }

    /// Says what the next finding comes from, if it is not what was asked last.
    pub(super) fn comes_from(&mut self, sight: Option<Sight>) {
        self.last = sight;
    }

    /// Replaces the ledger by one with an empty row of `check`; returns what was found, for [`Exam::restore`].
    pub(super) fn set_aside(&mut self, check: &str) -> Found {
        let rows = vec![CheckRow::not_run(check, "")];
        (std::mem::replace(&mut self.ledger, rows), std::mem::take(&mut self.shown))
    }

    /// Puts back what [`Exam::set_aside`] returned.
    pub(super) fn restore(&mut self, (ledger, shown): Found) {
        (self.ledger, self.shown) = (ledger, shown);
    }

    /// What was asked last, and what came of it.
    pub(super) fn last(&self) -> Option<&Sight> {
        self.last.as_ref()
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

    /// Records why every check without a verdict has none, unless that is known.
    pub(super) fn skip_the_rest(&mut self, reason: &str) {
        let open = |row: &&mut CheckRow| row.verdict == CheckVerdict::NotRun && row.reason.is_empty();
        for row in self.ledger.iter_mut().filter(open) {
            reason.clone_into(&mut row.reason);
        }
    }

    pub(super) fn failed(&self, check: &str) -> bool {
        self.ledger.iter().any(|row| row.name == check && row.verdict == CheckVerdict::Failed)
    }

    /// A noise image of that size; the same number gives the same pixels.
    pub(super) fn noise(&mut self, number: u64, width: usize, height: usize) -> Result<ImageRef> {
        let name = format!("noise {number}");
        let spec = CorpusSpec { name, width, height, pattern: Pattern::Noise(number) };
        self.session.image_of(&spec.name, (width, height), || spec.render())
    }

    /// Calls both sides.
    pub(super) fn call_both(&mut self, call: &Call) -> Result<(Observation, Observation)> {
        let asked = self.session.begin(call)?;
        self.finish(call, asked)
    }

    /// Waits for what both sides answer to `call`, which they were sent.
    pub(super) fn finish(&mut self, call: &Call, asked: Pending) -> Result<(Observation, Observation)> {
        self.last = Some(Sight::of(Asked::Call(call.clone())));
        let (reference, candidate) = self.session.finish(asked)?;
        self.saw(reference, candidate)
    }

    /// Runs a use, Python code, on both sides; `shown` are the lines by which anyone can run it, and `spawns` says whether it starts
    /// a process.
    pub(super) fn use_both(
        &mut self,
        code: &str,
        shown: String,
        spawns: bool,
    ) -> Result<(Observation, Observation)> {
        self.last = Some(Sight::of(Asked::Use(shown)));
        let (reference, candidate) = self.session.use_both(code, spawns)?;
        self.saw(reference, candidate)
    }

    /// Keeps what both sides answered to what was asked last.
    fn saw(&mut self, reference: Observation, candidate: Observation) -> Result<(Observation, Observation)> {
        let candidate = self.alive(candidate)?;
        if let Some(last) = &mut self.last {
            (last.reference, last.candidate) = (Some(reference.clone()), Some(candidate.clone()));
        }
        Ok((reference, candidate))
    }

    /// Calls the candidate alone; it must return a result.
    pub(super) fn call_candidate(&mut self, call: &Call) -> Result<Rc<Returned>> {
        self.last = Some(Sight::of(Asked::Call(call.clone())));
        let candidate = self.session.call_candidate(call)?;
        if let Some(last) = &mut self.last {
            last.candidate = Some(candidate.clone());
        }
        self.returned(candidate)
    }

    pub(super) fn returned(&mut self, observation: Observation) -> Result<Rc<Returned>> {
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
        let last = self.last.as_ref().map(|last| &last.asked);
        let (images, code) = match last {
            Some(Asked::Call(call)) => (describe(&call.images), String::new()),
            Some(Asked::Use(shown)) => (" in a drawn use".to_owned(), shown.clone()),
            None => (String::new(), String::new()),
        };
        let detail = format!("its worker {death}{images}");
        self.found("survives", CheckFinding { detail, trace: death.output.clone(), code });
        Stop::Gone(death.what.clone())
    }
}
