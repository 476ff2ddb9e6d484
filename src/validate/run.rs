//! A whole validation: contract, parity, embeddings, the evidence of what failed, and speed.

use std::path::Path;

use anyhow::Result;
use patchmark_results::{CheckVerdict, Findings, ParityClass, Rule, text::first_line};

use super::{
    calls::call,
    checks::{CHECKS, Guard},
    comparing, embeddings, evidence,
    exam::{Exam, Stop},
    session::Session,
    settings::Settings,
    shrink, speed,
};
use crate::worker::{Answer, Observation, protocol::Reply};

/// Checks contract and parity; `progress` is called with what is being done.
///
/// # Errors
/// If the reference fails, for a subject that does not exist, or on Ctrl-C.
pub fn examine(
    session: &mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Findings> {
    examined(session, settings, progress).map(|(_, outcome)| outcome)
}

fn examined<'a>(
    session: &'a mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<(Exam<'a>, Findings)> {
    let wanted = CHECKS.iter().filter(|check| settings.wants(check.name));
    let mut exam = Exam::new(session, settings.tolerance, wanted.map(|check| (check.name, check.guards)));
    let mut parity = None;
    progress("starting the workers");
    if stands(&mut exam)? {
        for check in &CHECKS {
            if matches!(check.guard, Guard::Calls { .. }) && exam.row(check.name).is_some() {
                progress(check.name);
                run_check(&mut exam, check.name, check.guard)?;
            }
        }
        let results = CHECKS
            .iter()
            .any(|check| !matches!(check.guard, Guard::Calls { .. }) && settings.wants(check.name));
        if results {
            parity = Some(comparing::compare(&mut exam, settings, progress)?);
        }
        exam.ran("loads");
        exam.ran("accepts");
        exam.ran("survives");
    }
    let checks = exam.ledger.clone();
    let outcome = Findings {
        checks,
        parity,
        embeddings: None,
        speed: Vec::new(),
        speed_missing: None,
        identical: false,
        speed_notes: Vec::new(),
    };
    Ok((exam, outcome))
}

/// Runs one check that makes its own calls.
fn run_check(exam: &mut Exam<'_>, name: &'static str, guard: Guard) -> Result<()> {
    let Guard::Calls { python, run } = guard else { return Ok(()) };
    if python && !exam.session.python {
        exam.skip(name, CheckVerdict::NotApplicable, "the subject is called from Rust, not from Python");
        return Ok(());
    }
    match run(exam) {
        Ok(None) => exam.ran(name),
        Ok(Some(reason)) => exam.skip(name, CheckVerdict::NotApplicable, reason),
        Err(error) => match error.downcast::<Stop>()? {
            Stop::Gone(reason) => {
                exam.skip(name, CheckVerdict::NotRun, format!("the candidate's worker {reason}"));
            }
            Stop::Raised { message, traceback } => {
                exam.fail(name, format!("raised {message}"), traceback);
            }
        },
    }
    if exam.failed(name) {
        exam.session.candidate.renew();
    }
    Ok(())
}

/// Whether the subject can be made and answers a plain call at all; if not, nothing else is run.
fn stands(exam: &mut Exam<'_>) -> Result<bool> {
    exam.session.reference.make()?;
    let made = exam.session.candidate.make()?;
    let reason = match made {
        None => {
            exam.ran("loads");
            let plain = call(vec![exam.noise(1, 64, 48)?]);
            match exam.call_both(&plain) {
                Ok((_, Observation::Raised { message, traceback })) => {
                    exam.fail("accepts", format!("a plain call raises {}", first_line(&message)), traceback);
                    "a plain call raises"
                }
                Ok(_) => return Ok(true),
                Err(error) => {
                    error.downcast::<Stop>()?;
                    // The worker may survive other calls; each check then reports for itself.
                    return Ok(true);
                }
            }
        }
        Some(Answer::Reply(Reply::Raised { message, traceback, .. })) => {
            exam.fail("loads", format!("raised {}", first_line(&message)), traceback);
            "the class cannot be made"
        }
        Some(Answer::Died(death)) => {
            exam.died(&death);
            "the class cannot be made"
        }
        Some(other) => anyhow::bail!("a worker answered {other:?} to a load"),
    };
    let names: Vec<_> = exam
        .ledger
        .iter()
        .filter(|row| row.verdict == CheckVerdict::NotRun)
        .map(|row| row.name.clone())
        .collect();
    for name in names {
        exam.skip(&name, CheckVerdict::NotRun, reason);
    }
    Ok(false)
}

/// The whole validation: [`examine`], then embeddings, evidence and speed. Evidence is written into `folder`, which the
/// report names `shown`. Also returns the rule by which times were judged.
///
/// # Errors
/// As [`examine`], and if evidence cannot be written.
pub fn validate(
    session: &mut Session,
    settings: &Settings,
    names: (&str, &str),
    (folder, shown): (&Path, &Path),
    progress: &mut dyn FnMut(&str),
) -> Result<(Findings, Option<Rule>)> {
    let (mut exam, mut found) = examined(session, settings, progress)?;
    let differs = found.parity.as_ref().is_some_and(|parity| parity.class != ParityClass::Exact);
    if let (Some(model), true) = (&settings.model, differs) {
        progress("running both results through the model");
        found.embeddings = embeddings::compare(&mut exam, settings, model)?;
    }
    gather_evidence(&mut exam, &found, names, (folder, shown), progress)?;
    found.checks.clone_from(&exam.ledger);
    let mut rule = None;
    if !settings.batch_sizes.is_empty() {
        if exam.failed("loads") || exam.failed("accepts") || exam.failed("survives") {
            found.speed_missing = Some("not timed, because the candidate does not answer every call".into());
        } else {
            match speed::measure_all(&mut exam, settings, progress)? {
                Ok(times) => {
                    rule = Some(times.rule);
                    (found.speed, found.speed_notes) = (times.rows, times.notes);
                }
                Err(why) => found.speed_missing = Some(why),
            }
        }
    }
    Ok((found, rule))
}

/// Writes the evidence of every failed check, and notes in its row where it is and how to reproduce it.
fn gather_evidence(
    exam: &mut Exam<'_>,
    found: &Findings,
    names: (&str, &str),
    (folder, shown): (&Path, &Path),
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let failed: Vec<String> = found.failed().map(|row| row.name.clone()).collect();
    for check in failed.iter().map(String::as_str) {
        progress(&format!("writing the evidence for {check}"));
        let smallest = shrink::smallest(exam, check)?;
        let written = evidence::write(exam, check, smallest.as_ref(), folder)?;
        let replay = evidence::replay(exam, check, names, written.as_deref().map(|path| shown.join(path)));
        if let Some(row) = exam.row(check) {
            row.smallest = smallest.map(|image| (image.width, image.height));
            row.evidence = written;
            row.replay = replay;
        }
    }
    Ok(())
}
