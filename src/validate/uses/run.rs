//! Runs the drawn uses through both sides.

use std::collections::BTreeSet;

use anyhow::Result;
use patchmark_results::{CheckVerdict, validation::CheckFinding};

use super::{
    code::{Code, Import},
    difference::{Fault, differences},
    draw::Pool,
    drawn::{Choice, Use},
    smallest::smallest,
    ways::Slot,
};
use crate::{
    validate::{
        calls::{NOT_PYTHON, REFERENCE_NOT_PYTHON},
        cases::Extent,
        checks::{CHECKS, Guard},
        exam::{Exam, Stop},
        settings::Settings,
        sight::Sight,
    },
    worker::Answer,
};

/// Faults after which no further pairs are drawn: a candidate with so many is not told apart by more.
const ENOUGH: usize = 24;
/// Differences that are not seen again, after which no further uses are drawn: each costs dozens of tries.
const FLAKY: usize = 4;
/// Times that a difference is looked for again.
const AGAIN: usize = 5;

/// Draws uses and runs them; findings go to the checks that guard them.
pub(in crate::validate) fn run(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let guards: Vec<&str> =
        CHECKS.iter().filter(|check| matches!(check.guard, Guard::Uses)).map(|check| check.name).collect();
    if !guards.iter().any(|guard| exam.row(guard).is_some()) {
        return Ok(());
    }
    let both = exam.session.python && exam.session.reference_in_python();
    if !both {
        let reason = if exam.session.python { REFERENCE_NOT_PYTHON } else { NOT_PYTHON };
        for guard in guards {
            exam.skip(guard, CheckVerdict::NotApplicable, reason);
        }
        return Ok(());
    }
    let mut stopped = None;
    let mut trial = Trial::new(exam)?;
    trial.usual()?;
    // A process that imports torch takes longer than everything else of a quick corpus.
    let singles = trial.pool.singles(settings.uses != Extent::Quick);
    let combinations = trial.pool.combinations(settings.uses, settings.seed);
    let all = singles.len() + combinations.len();
    for (index, drawn) in singles.iter().chain(&combinations).enumerate() {
        if settings.is_enough(&trial.exam.ledger) {
            return Ok(());
        }
        if index % 32 == 0 {
            progress(&format!("{index} of {all} uses tried on both sides"));
        }
        if trial.is_told(index < singles.len()) {
            break;
        }
        if let Err(error) = trial.one(drawn) {
            stopped = Some(error.downcast::<Stop>()?.to_string());
            if matches!(trial.exam.session.candidate.make()?, Some(Answer::Unavailable)) {
                break;
            }
        }
    }
    for guard in guards {
        match &stopped {
            Some(reason) => exam.skip(guard, CheckVerdict::NotRun, format!("in a use {reason}")),
            None => exam.ran(guard),
        }
    }
    Ok(())
}

/// The uses of one candidate.
struct Trial<'a, 'b> {
    exam: &'a mut Exam<'b>,
    pool: Pool,
    /// The parameters that the reference has set.
    names: Vec<String>,
    reference: Import,
    candidate: Import,
    /// What plain calls already get wrong, which other checks report.
    usual: Vec<Fault>,
    /// The kinds of choices that are known to differ: uses that have them all show nothing new.
    known: Vec<BTreeSet<String>>,
    /// How many differences were found.
    found: usize,
    /// How many differences were not seen again every time.
    unrepeatable: usize,
}

impl<'a, 'b> Trial<'a, 'b> {
    fn new(exam: &'a mut Exam<'b>) -> Result<Self> {
        exam.session.reference.make()?;
        exam.session.candidate.make()?;
        let about = &exam.session.reference.about;
        let set = about.signature.iter().filter(|(_, value)| !value.is_null());
        let names = set.map(|(name, _)| name.clone()).collect();
        let pool = Pool::new(&about.signature);
        let (subjects, abouts) = (&exam.session.subjects, exam.session.abouts());
        let reference = Import::of(&abouts.1.class, &subjects.0);
        let candidate = Import::of(&abouts.0.class, &subjects.1);
        Ok(Self {
            pool,
            names,
            reference,
            candidate,
            exam,
            usual: Vec::new(),
            known: Vec::new(),
            found: 0,
            unrepeatable: 0,
        })
    }

    /// Finds what plain uses already get wrong.
    fn usual(&mut self) -> Result<()> {
        let plain = Use::default();
        for sizes in [0, 1, 2, 9, 11] {
            let faults = self.faults(&plain.clone().with(Slot::Sizes, sizes))?;
            self.usual.extend(faults);
        }
        Ok(())
    }

    /// Whether further uses would tell nothing new; `single` says whether each is a choice that was not tried yet.
    fn is_told(&self, single: bool) -> bool {
        // A plain use that has begun to fail would be part of every further finding.
        let all_fail = self.known.iter().any(BTreeSet::is_empty);
        all_fail || self.unrepeatable >= FLAKY || !single && self.found >= ENOUGH
    }

    /// Whether choices of these kinds include those of a difference that was found.
    fn is_known(&self, kinds: &BTreeSet<String>) -> bool {
        self.known.iter().any(|known| known.is_subset(kinds))
    }

    /// Runs a use on both sides.
    fn faults(&mut self, drawn: &Use) -> Result<Vec<Fault>> {
        let code = Code::of(drawn, &self.names);
        let shown = code.shown(&self.reference, &self.candidate);
        let (reference, candidate) = self.exam.use_both(&code.runs(), shown, drawn.spawns())?;
        differences(&reference, &candidate, &self.usual, &self.exam.tolerance)
    }

    /// Runs a use, and reports what it shows unless that is known.
    fn one(&mut self, drawn: &Use) -> Result<()> {
        let kinds = |drawn: &Use| drawn.choices().iter().map(Choice::kind).collect::<BTreeSet<_>>();
        if self.is_known(&kinds(drawn)) {
            return Ok(());
        }
        let faults = self.faults(drawn)?;
        let Some(fault) = faults.into_iter().next() else { return Ok(()) };
        let mut shown = (self.exam.last().cloned(), fault);
        let least = smallest(drawn, &mut |simpler| Ok(!self.faults(simpler)?.is_empty()))?;
        if self.is_known(&kinds(&least)) {
            // Shrinking led to a difference that was told, such as that of a plainer construction.
            self.known.push(kinds(drawn));
            return Ok(());
        }
        let mut seen = 0;
        for _ in 0..AGAIN {
            if let Some(fault) = self.faults(&least)?.into_iter().next() {
                seen += 1;
                shown = (self.exam.last().cloned(), fault);
            }
        }
        self.report(&least, shown, seen);
        if seen == AGAIN {
            self.known.push(kinds(&least));
            self.found += 1;
        } else {
            self.unrepeatable += 1;
        }
        Ok(())
    }

    /// Records the finding of the smallest use; `seen` of [`AGAIN`] repetitions showed it again.
    fn report(&mut self, least: &Use, (sight, fault): (Option<Sight>, Fault), seen: usize) {
        let choices = least.choices();
        let check = if seen < AGAIN { "determinism" } else { guard(&choices, &fault) };
        let named: Vec<String> = choices.iter().map(Choice::name).collect();
        let with = if named.is_empty() { "a plain call".into() } else { named.join(", ") };
        let again = if seen < AGAIN {
            format!("; not repeatable: seen again in {seen} of {AGAIN} repetitions of the same code")
        } else {
            String::new()
        };
        let code = Code::of(least, &self.names).shown(&self.reference, &self.candidate);
        let detail = format!("{with}: {}{again}", fault.sentence);
        self.exam.comes_from(sight);
        self.exam.found(check, CheckFinding { detail, trace: fault.trace, code });
    }
}

/// The check that guards a use: that of its most special choice, or else of what the result shows.
fn guard(choices: &[Choice], fault: &Fault) -> &'static str {
    let of = |wanted: &[Slot]| {
        choices.iter().find_map(|choice| match choice {
            Choice::Way(slot, _) if wanted.contains(slot) => choice.guard(),
            _ => None,
        })
    };
    // What is converted is the image's form, not the call.
    let converts = |name: &str| name == "do_convert_rgb" && of(&[Slot::Form]).is_some();
    let given = |parameter: bool| {
        let given = choices.iter().filter(|choice| match choice {
            Choice::Argument((name, _)) if converts(name) => false,
            Choice::Parameter(_) => parameter,
            Choice::Argument(_) => !parameter,
            Choice::Way(..) => false,
        });
        given.filter_map(Choice::guard).next()
    };
    of(&[Slot::Runner])
        .or_else(|| of(&[Slot::Object]))
        .or_else(|| of(&[Slot::Outcome, Slot::Returns]))
        .or_else(|| of(&[Slot::Construction]))
        .or_else(|| given(true))
        .or_else(|| given(false))
        .or_else(|| of(&[Slot::Call]))
        .or_else(|| of(&[Slot::Container]))
        .or_else(|| of(&[Slot::Form]))
        .or_else(|| of(&[Slot::Sizes]))
        .unwrap_or_else(|| fault.check())
}
