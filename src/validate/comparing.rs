//! Runs every case of the corpus through candidate and reference.

use anyhow::Result;
use patchmark_results::{CheckVerdict, ParityClass, text::first_line, validation::CorpusParity};

use super::{
    calls::{call_with, limit_of},
    cases::{Case, Source},
    checks::{CHECKS, Guard},
    exam::{Exam, Stop},
    inspect::inspect,
    settings::Settings,
    sight::Sight,
};
use crate::worker::{Answer, Observation, protocol::Call};

/// Images of more bytes than this are removed once compared; smaller ones are kept, as they may be needed again.
const LARGE: usize = 3 << 20;

/// What the cases have shown so far.
#[derive(Default)]
struct Tally {
    parity: CorpusParity,
    worst: Option<Sight>,
}

/// Runs every case of the corpus through both sides and records what each pair of results shows.
pub(super) fn compare(
    exam: &mut Exam<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<CorpusParity> {
    // A parameter that the candidate does not take is the finding of its own check, so its other values are left out
    // here.
    let mut cases = settings.cases();
    for (check, keep) in [
        ("max-num-patches", &(|case: &Case| case.limit == 256) as &dyn Fn(&Case) -> bool),
        ("patch-size", &|case: &Case| case.patch == 16),
    ] {
        if exam.failed(check) {
            cases.retain(keep);
        }
    }
    let mut compared = Tally::default();
    let mut unreached = None;
    for (index, case) in cases.iter().enumerate() {
        if index % 16 == 0 {
            progress(&format!("{index} of {} images compared with the reference", cases.len()));
        }
        let image = case.source.render();
        let written = exam.session.image(&image)?;
        // Candidate and reference work at the same time, and threads that wait for their share of a small image take the CPU
        // from the other side: with them, the corpus takes twice as long. Photographs are computed on all threads.
        let one_thread = matches!(case.source, Source::Generated(_));
        let call = Call { one_thread, ..call_with(vec![written.clone()], case.limit, case.patch) };
        let label = format!(
            "{} ({}×{} px, {} patches of {})",
            image.name, image.width, image.height, case.limit, case.patch
        );
        let clean = match pair(exam, settings, &call, &label, &mut compared) {
            Ok(clean) => clean,
            Err(error) => {
                let stop = error.downcast::<Stop>()?;
                unreached = Some(stop.to_string());
                if matches!(exam.session.candidate.make()?, Some(Answer::Unavailable)) {
                    break;
                }
                false
            }
        };
        if clean && image.rgb.len() > LARGE && !exam.needs(&written) {
            exam.session.forget(&written);
        }
    }
    for check in CHECKS.iter().filter(|check| matches!(check.guard, Guard::Results)) {
        match &unreached {
            // The cases that were not reached may hide any fault; `survives` has failed because of them.
            Some(reason) => exam.skip(check.name, CheckVerdict::NotRun, format!("in the corpus {reason}")),
            None => exam.ran(check.name),
        }
    }
    let report = compared.parity;
    if report.cases == 0 && unreached.is_none() {
        exam.skip("parity", CheckVerdict::NotRun, "no result could be compared");
    }
    if report.cases > 0 && !settings.tolerance.accept(&report.total) {
        exam.comes_from(compared.worst);
        exam.fail("parity", format!("{}; worst in {}", report.total.describe(), report.worst), "");
    }
    Ok(report)
}

/// Compares one case, and returns whether it is free of findings.
fn pair(
    exam: &mut Exam<'_>,
    settings: &Settings,
    call: &Call,
    label: &str,
    compared: &mut Tally,
) -> Result<bool> {
    let (reference, candidate) = exam.call_both(call)?;
    let (reference, candidate) = match (&reference, &candidate) {
        (Observation::Returned(reference), Observation::Returned(candidate)) => (reference, candidate),
        (Observation::Returned(_), Observation::Raised { message, traceback }) => {
            exam.fail("accepts", format!("{label}: raises {}", first_line(message)), traceback.clone());
            return Ok(false);
        }
        // The reference refuses it, so whatever the candidate does is accepted.
        _ => return Ok(true),
    };
    let found = inspect(reference, candidate, limit_of(call), &settings.tolerance)?;
    let clean = found.broken.is_empty();
    for (check, sentence) in found.broken {
        exam.fail(check, format!("{label}: {sentence}"), "");
    }
    let report = &mut compared.parity;
    let Some(measured) = found.parity else {
        report.incomparable += 1;
        return Ok(clean);
    };
    let class = measured.class();
    report.cases += 1;
    *report.by_class.entry(class).or_default() += 1;
    if class > report.class || (class == report.class && measured.worst > report.total.worst) {
        report.worst = label.into();
        compared.worst = exam.last().cloned();
    }
    report.class = report.class.max(class);
    report.total.add(&measured);
    Ok(clean && class == ParityClass::Exact)
}
