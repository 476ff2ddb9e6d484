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
use crate::worker::{
    Answer, Observation,
    protocol::{Call, ImageRef},
};

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
    let mut answered: Option<Pair> = None;
    let mut next = None;
    for (index, case) in cases.iter().enumerate() {
        if compared.is_enough(exam, settings) {
            break;
        }
        if index % 16 == 0 {
            progress(&format!("{index} of {} images compared with the reference", cases.len()));
        }
        let written = match next.take() {
            Some(written) => written,
            None => place(exam, &case.source)?,
        };
        // Candidate and reference work at the same time, and threads that wait for their share of a small image take the CPU
        // from the other side: with them, the corpus takes twice as long. Photographs are computed on all threads.
        let one_thread = matches!(case.source, Source::Generated(_));
        let call = Call { one_thread, ..call_with(vec![written], case.limit, case.patch) };
        let asked = exam.session.begin(&call)?;
        // While both sides work, the last pair is compared and the next image is drawn.
        if let Some(pair) = answered.take() {
            let clean = compared.add(exam, settings, &pair)?;
            forget(exam, &pair.call.images, clean, &call.images);
        }
        next = cases.get(index + 1).map(|case| place(exam, &case.source)).transpose()?;
        match exam.finish(&call, asked) {
            Ok((reference, candidate)) => {
                answered = Some(Pair {
                    call,
                    label: label(case),
                    reference,
                    candidate,
                    sight: exam.last().cloned(),
                });
            }
            Err(error) => {
                let stop = error.downcast::<Stop>()?;
                unreached = Some(stop.to_string());
                if matches!(exam.session.candidate.make()?, Some(Answer::Unavailable)) {
                    break;
                }
            }
        }
    }
    if let Some(pair) = answered {
        compared.add(exam, settings, &pair)?;
    }
    let enough = compared.is_enough(exam, settings);
    for check in CHECKS.iter().filter(|check| !enough && matches!(check.guard, Guard::Results)) {
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

/// The image, where both sides can read it.
fn place(exam: &mut Exam<'_>, source: &Source) -> Result<ImageRef> {
    exam.session.image_of(source.name(), source.size(), || source.render())
}

/// The case as findings name it.
fn label(case: &Case) -> String {
    let (width, height) = case.source.size();
    format!("{} ({width}×{height} px, {} patches of {})", case.source.name(), case.limit, case.patch)
}

/// Removes large images that are free of findings and that the call under way does not read.
fn forget(exam: &Exam<'_>, images: &[ImageRef], clean: bool, in_use: &[ImageRef]) {
    let large = |image: &&ImageRef| image.width * image.height * 3 > LARGE;
    for image in images.iter().filter(large) {
        if clean && !in_use.contains(image) && !exam.needs(image) {
            exam.session.forget(image);
        }
    }
}

/// Both sides' answers to one case.
struct Pair {
    call: Call,
    label: String,
    reference: Observation,
    candidate: Observation,
    sight: Option<Sight>,
}

impl Tally {
    /// Whether nothing more is to be compared, because a check has failed, or `parity` will once all is counted.
    fn is_enough(&self, exam: &Exam<'_>, settings: &Settings) -> bool {
        let differs = !settings.tolerance.accept(&self.parity.total);
        settings.is_enough(&exam.ledger) || settings.fail_fast && self.parity.cases > 0 && differs
    }

    /// Compares the answers to one case, and returns whether they are free of findings.
    fn add(&mut self, exam: &mut Exam<'_>, settings: &Settings, pair: &Pair) -> Result<bool> {
        exam.comes_from(pair.sight.clone());
        let (reference, candidate) = match (&pair.reference, &pair.candidate) {
            (Observation::Returned(reference), Observation::Returned(candidate)) => (reference, candidate),
            (Observation::Returned(_), Observation::Raised { message, traceback }) => {
                let detail = format!("{}: raises {}", pair.label, first_line(message));
                exam.fail("accepts", detail, traceback.clone());
                return Ok(false);
            }
            // The reference refuses it, so whatever the candidate does is accepted.
            _ => return Ok(true),
        };
        let found = inspect(reference, candidate, limit_of(&pair.call), &settings.tolerance)?;
        let clean = found.broken.is_empty();
        for (check, sentence) in found.broken {
            exam.fail(check, format!("{}: {sentence}", pair.label), "");
        }
        let report = &mut self.parity;
        let Some(measured) = found.parity else {
            report.incomparable += 1;
            return Ok(clean);
        };
        let class = measured.class();
        report.cases += 1;
        *report.by_class.entry(class).or_default() += 1;
        if class > report.class || (class == report.class && measured.worst > report.total.worst) {
            report.worst.clone_from(&pair.label);
            self.worst.clone_from(&pair.sight);
        }
        report.class = report.class.max(class);
        report.total.add(&measured);
        Ok(clean && class == ParityClass::Exact)
    }
}
