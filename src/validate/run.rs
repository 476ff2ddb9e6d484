//! A whole validation: contract, parity, embeddings, the evidence of what failed, and speed.

use std::path::Path;

use anyhow::{Result, bail};
use patchmark_results::{
    CheckRow, CheckVerdict, Findings, ParityClass, Rule, input_error, text::first_line,
    validation::CorpusParity,
};

use super::{
    calls::{NOT_PYTHON, call, limit_of},
    checks::{CHECKS, Check, Guard},
    comparing, embeddings, evidence,
    exam::{Exam, Stop},
    inspect::inspect,
    repeats,
    session::Session,
    settings::Settings,
    shrink,
    sight::Sight,
    speed, uses,
};
use crate::worker::{Answer, Interrupted, Observation, protocol::Reply};

/// The check that the subject can be made, which every other one needs.
const LOADS: &str = "loads";
/// Why a check or the times are missing after Ctrl-C.
const INTERRUPTED: &str = "the validation was interrupted";
/// Why a check or the times are missing after a failure that ended the validation.
const ENDED: &str = "a check had failed, and --fail-fast was given";

/// Checks contract and parity; `progress` is called with what is being done.
///
/// # Errors
/// If the reference fails, for a subject that does not exist, or on Ctrl-C.
pub fn examine(
    session: &mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Findings> {
    let mut exam = exam(session, settings);
    let parity = checked(&mut exam, settings, progress)?;
    let skipped_files = settings.skipped_files.clone();
    Ok(Findings { checks: exam.ledger, parity, skipped_files, ..Findings::default() })
}

/// An examination of which nothing has been done.
fn exam<'a>(session: &'a mut Session, settings: &Settings) -> Exam<'a> {
    let wanted = CHECKS.iter().filter(|check| settings.wants(check.name));
    Exam::new(session, settings.tolerance, wanted.map(|check| (check.name, check.guards)))
}

/// Runs every check that is asked for, and compares values.
fn checked(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Option<CorpusParity>> {
    // Each comparison is small: threads that wait for it would only take CPUs from the workers.
    let threads = tch::get_num_threads();
    tch::set_num_threads(1);
    let parity = run_checks(exam, settings, progress);
    tch::set_num_threads(threads);
    parity
}

fn run_checks(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Option<CorpusParity>> {
    progress("starting the workers");
    if !stands(exam)? {
        return Ok(None);
    }
    let first = exam.last().cloned();
    for check in &CHECKS {
        let wanted = matches!(check.guard, Guard::Calls { .. }) && exam.row(check.name).is_some();
        if wanted && !settings.is_enough(&exam.ledger) {
            progress(check.name);
            run_check(exam, check.name, check.guard)?;
        }
    }
    if !settings.is_enough(&exam.ledger) {
        uses::run(exam, settings, progress)?;
    }
    let every_call =
        |check: &Check| matches!(check.guard, Guard::Results | Guard::Worker) && check.name != LOADS;
    let wanted = CHECKS.iter().any(|check| every_call(check) && settings.wants(check.name));
    let compares = wanted && !settings.is_enough(&exam.ledger);
    let parity = if compares { Some(comparing::compare(exam, settings, progress)?) } else { None };
    exam.ran(LOADS);
    if settings.is_enough(&exam.ledger) {
        exam.skip_the_rest(ENDED);
        return Ok(parity);
    }
    if let Some(first) = first {
        first_call(exam, first)?;
    }
    exam.ran("accepts");
    exam.ran("survives");
    Ok(parity)
}

/// Reports what was wrong with the very first call, unless later calls have shown the same.
fn first_call(exam: &mut Exam<'_>, first: Sight) -> Result<()> {
    let (Some(Observation::Returned(reference)), Some(Observation::Returned(candidate)), Some(call)) =
        (&first.reference, &first.candidate, first.call())
    else {
        return Ok(());
    };
    let found = inspect(reference, candidate, limit_of(call), &exam.tolerance)?;
    let values = found.parity.filter(|parity| !exam.tolerance.accept(parity));
    let values = values.map(|parity| ("parity", parity.describe()));
    let broken: Vec<_> = found.broken.into_iter().chain(values).collect();
    for (check, sentence) in broken {
        if !exam.failed(check) {
            let again = shrink::shows(exam, check, call)?;
            let which = if again { "a plain call" } else { "the first call of all, but no later one" };
            exam.comes_from(Some(first.clone()));
            exam.fail(check, format!("{which}: {sentence}"), "");
        }
    }
    Ok(())
}

/// Runs one check that makes its own calls.
fn run_check(exam: &mut Exam<'_>, name: &'static str, guard: Guard) -> Result<()> {
    let Guard::Calls { python, run } = guard else { return Ok(()) };
    if python && !exam.session.python {
        exam.skip(name, CheckVerdict::NotApplicable, NOT_PYTHON);
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
    exam.session.start()?;
    exam.session.make_reference()?;
    let made = exam.session.candidate.make()?;
    let reason = match made {
        None => {
            exam.ran(LOADS);
            let plain = call(vec![exam.noise(1, 64, 48)?]);
            match exam.call_both(&plain) {
                Ok((Observation::Raised { message, .. }, _)) => {
                    let reference = &exam.session.subjects.0;
                    return Err(input_error!("the reference {reference} raises on a plain call: {message}"));
                }
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
            exam.fail(LOADS, format!("raised {}", first_line(&message)), traceback);
            "the class cannot be made"
        }
        Some(Answer::Died(death)) => {
            exam.died(&death);
            "the class cannot be made"
        }
        Some(other) => bail!("a worker answered {other:?} to a load"),
    };
    exam.skip_the_rest(reason);
    Ok(false)
}

/// A validation as far as it got: its findings, and the rule by which times were judged.
pub type Found = (Findings, Option<Rule>);

/// The whole validation: [`examine`], then embeddings, evidence and speed. Evidence is written into `folder`, which the
/// report names `shown`. Also returns the rule by which times were judged. After Ctrl-C, what was found before is returned,
/// marked partial, if any check has ended.
///
/// # Errors
/// As [`examine`], and if evidence cannot be written.
pub fn validate(
    session: &mut Session,
    settings: &Settings,
    names: (&str, &str),
    folders: (&Path, &Path),
    progress: &mut dyn FnMut(&str),
) -> Result<Found> {
    let mut exam = exam(session, settings);
    let mut found = Found::default();
    match steps(&mut exam, settings, names, folders, progress, &mut found) {
        Err(error) if error.is::<Interrupted>() && has_results(&exam.ledger) => {
            found.0.partial = true;
            exam.skip_the_rest(INTERRUPTED);
            if found.0.speed.is_empty() && !settings.batch_sizes.is_empty() {
                found.0.speed_missing = Some(format!("not timed, because {INTERRUPTED}"));
            }
        }
        ended => ended?,
    }
    found.0.checks = exam.ledger;
    found.0.skipped_files.clone_from(&settings.skipped_files);
    Ok(found)
}

/// Whether a check ended that says more than that the subject can be made.
fn has_results(ledger: &[CheckRow]) -> bool {
    let ended = |row: &CheckRow| matches!(row.verdict, CheckVerdict::Passed | CheckVerdict::Failed);
    ledger.iter().any(|row| ended(row) && (row.name != LOADS || row.verdict == CheckVerdict::Failed))
}

/// Takes every step of a validation and adds what each finds.
fn steps(
    exam: &mut Exam<'_>,
    settings: &Settings,
    names: (&str, &str),
    folders: (&Path, &Path),
    progress: &mut dyn FnMut(&str),
    (found, rule): &mut Found,
) -> Result<()> {
    found.parity = checked(exam, settings, progress)?;
    let differs = found.parity.as_ref().is_some_and(|parity| parity.class != ParityClass::Exact);
    let enough = settings.is_enough(&exam.ledger);
    if let (Some(model), true) = (&settings.model, differs && !enough) {
        progress("running both results through the model");
        found.embeddings = embeddings::compare(exam, settings, model)?;
    }
    gather_evidence(exam, names, folders, progress)?;
    if settings.batch_sizes.is_empty() {
        return Ok(());
    }
    if exam.failed(LOADS) || exam.failed("accepts") || exam.failed("survives") {
        found.speed_missing = Some("not timed, because the candidate does not answer every call".into());
        return Ok(());
    }
    if enough {
        found.speed_missing = Some(format!("not timed, because {ENDED}"));
        return Ok(());
    }
    match speed::measure_all(exam, settings, progress)? {
        Ok(times) => {
            *rule = Some(times.rule);
            (found.speed, found.speed_notes) = (times.rows, times.notes);
            if times.interrupted {
                return Err(Interrupted.into());
            }
        }
        Err(why) => found.speed_missing = Some(why),
    }
    Ok(())
}

/// Writes the evidence of every failed check, and notes in its row where it is and how to reproduce it.
fn gather_evidence(
    exam: &mut Exam<'_>,
    names: (&str, &str),
    (folder, shown): (&Path, &Path),
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let failed = exam.ledger.iter().filter(|row| row.verdict == CheckVerdict::Failed);
    let failed: Vec<String> = failed.map(|row| row.name.clone()).collect();
    for check in failed.iter().map(String::as_str) {
        progress(&format!("writing the evidence for {check}"));
        repeats::note(exam, check)?;
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
