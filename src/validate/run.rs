//! A whole validation: contract, parity, embeddings, speed, and the evidence of what failed.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    checks::{CHECKS, Guard},
    corpus::{self, Case, Extent},
    embeddings::{self, Embeddings},
    evidence,
    exam::{Exam, Row, Stop, Verdict, call, call_with, first_line, limit_of},
    inspect::inspect,
    observation::Observation,
    parity::{Class, Measurement, Rules},
    session::Session,
    shrink,
    side::Answer,
    speed::{self, SpeedRow},
};
use crate::{
    gate,
    model::ModelSource,
    worker::protocol::{Call, Reply},
    workload::DecodedImage,
};

/// Images beyond this many bytes are removed once compared; smaller ones may be asked for again.
const LARGE: usize = 3 << 20;

/// What to look at.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What passes as parity.
    pub rules: Rules,
    /// How many images.
    pub extent: Extent,
    /// Photographs beside the generated images.
    pub photographs: Vec<Arc<DecodedImage>>,
    /// Whether the generated images are left out.
    pub only_images: bool,
    /// Values of `max_num_patches`.
    pub limits: Vec<usize>,
    /// Values of `patch_size`.
    pub patch_sizes: Vec<usize>,
    /// Checks to run; empty for all.
    pub only: Vec<String>,
    /// Checks to leave out.
    pub skip: Vec<String>,
    /// Seed of the generated images and of round orders.
    pub seed: u64,
    /// Batch sizes to time; empty for none.
    pub batch_sizes: Vec<usize>,
    /// What timing may take.
    pub budget: Duration,
    /// The smallest relative change of time that counts.
    pub effect: f64,
    /// The model that shows what a difference does; none to leave it out.
    pub model: Option<ModelSource>,
}

impl Settings {
    fn wants(&self, check: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|each| each == check);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }

    fn cases(&self) -> Vec<Case> {
        if !self.only_images {
            return corpus::cases(self.extent, &self.photographs, self.seed, &self.limits, &self.patch_sizes);
        }
        let mut cases = Vec::new();
        for image in &self.photographs {
            for &limit in &self.limits {
                for &patch in &self.patch_sizes {
                    let source = corpus::Source::Photograph(Arc::clone(image));
                    cases.push(Case { source, limit, patch });
                }
            }
        }
        cases
    }
}

/// Parity over the whole corpus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParityReport {
    /// Calls compared.
    pub cases: usize,
    /// Calls whose values could not be compared, because another check failed on them.
    pub incomparable: usize,
    /// Calls by class.
    pub by_class: BTreeMap<Class, usize>,
    /// The loosest class of any call.
    pub class: Class,
    /// Every value of every call.
    pub total: Measurement,
    /// The image with the worst difference, and its parameters.
    pub worst: String,
    #[serde(skip)]
    pub(super) worst_call: Option<Call>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// One row a check.
    pub checks: Vec<Row>,
    /// Parity, where results were compared.
    pub parity: Option<ParityReport>,
    /// What the difference does to embeddings, where there is one and a model was asked for.
    pub embeddings: Option<Embeddings>,
    /// One row a batch size.
    pub speed: Vec<SpeedRow>,
    /// Why there are no times, where some were asked for.
    pub speed_missing: Option<String>,
}

impl Outcome {
    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Row> {
        self.checks.iter().filter(|row| row.verdict == Verdict::Failed)
    }

    /// One word on all batch sizes.
    pub fn speed_verdict(&self) -> Option<gate::Verdict> {
        speed::together(&self.speed)
    }

    /// How the command ends.
    pub fn ending(&self) -> crate::error::Outcome {
        if self.failed().next().is_some() {
            return crate::error::Outcome::ParityFailed;
        }
        if self.speed_verdict() == Some(gate::Verdict::Regressed) {
            return crate::error::Outcome::Regressed;
        }
        let undecided = self.checks.iter().any(|row| row.verdict == Verdict::NotRun)
            || self.speed_verdict() == Some(gate::Verdict::Inconclusive)
            || self.speed_missing.is_some();
        if undecided { crate::error::Outcome::Inconclusive } else { crate::error::Outcome::Done }
    }
}

/// Contract and parity; `progress` is told what is being done.
///
/// # Errors
/// If the reference fails, for a subject that does not exist, or on Ctrl-C.
pub fn examine(
    session: &mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    examined(session, settings, progress).map(|(_, outcome)| outcome)
}

fn examined<'a>(
    session: &'a mut Session,
    settings: &Settings,
    progress: &mut dyn FnMut(&str),
) -> Result<(Exam<'a>, Outcome)> {
    let mut exam = Exam::new(session, settings.rules, |check| settings.wants(check));
    let mut parity = None;
    progress("starting the workers");
    if stands(&mut exam)? {
        for check in &CHECKS {
            if matches!(check.guard, Guard::Calls { .. }) && exam.row(check.name).is_some() {
                progress(check.name);
                exam.run(check.name, check.guard)?;
            }
        }
        let results = CHECKS
            .iter()
            .any(|check| !matches!(check.guard, Guard::Calls { .. }) && settings.wants(check.name));
        if results {
            parity = Some(compare(&mut exam, settings, progress)?);
        }
        exam.ran("loads");
        exam.ran("accepts");
        exam.ran("survives");
    }
    let checks = exam.ledger.clone();
    let outcome = Outcome { checks, parity, embeddings: None, speed: Vec::new(), speed_missing: None };
    Ok((exam, outcome))
}

/// Whether the subject can be made and answers a plain call at all; where not, nothing else is run.
fn stands(exam: &mut Exam<'_>) -> Result<bool> {
    exam.session.reference.make()?;
    let made = exam.session.candidate.make()?;
    let reason = match made {
        None => {
            exam.ran("loads");
            let plain = call(vec![exam.noise(1, 64, 48)?]);
            match exam.both(&plain) {
                Ok((_, Observation::Raised { message, traceback })) => {
                    exam.fail("accepts", format!("a plain call raises {}", first_line(&message)), traceback);
                    "a plain call raises"
                }
                Ok(_) => return Ok(true),
                Err(error) => match error.downcast::<Stop>()? {
                    // It may live through other calls, and each check then says so itself.
                    Stop::Gone(_) => return Ok(true),
                    Stop::Raised { .. } => "a plain call raises",
                },
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
    let names: Vec<_> =
        exam.ledger.iter().filter(|row| row.verdict == Verdict::NotRun).map(|row| row.name.clone()).collect();
    for name in names {
        exam.skip(&name, Verdict::NotRun, reason);
    }
    Ok(false)
}

/// Every case of the corpus through both, and what each pair shows.
fn compare(exam: &mut Exam<'_>, settings: &Settings, progress: &mut dyn FnMut(&str)) -> Result<ParityReport> {
    // A parameter that the candidate does not take is that check's finding; its values are left out.
    let mut cases = settings.cases();
    for (check, keep) in [
        ("max-num-patches", &(|case: &Case| case.limit == 256) as &dyn Fn(&Case) -> bool),
        ("patch-size", &|case: &Case| case.patch == 16),
    ] {
        if exam.failed(check) {
            cases.retain(keep);
        }
    }
    let mut report = ParityReport::default();
    let mut unreached = None;
    for (index, case) in cases.iter().enumerate() {
        if index % 16 == 0 {
            progress(&format!("{index} of {} images against the reference", cases.len()));
        }
        let image = case.source.render();
        let reference = exam.session.image(&image)?;
        let call = call_with(vec![reference.clone()], case.limit, case.patch);
        let label = format!(
            "{} ({}×{} px, {} patches of {})",
            image.name, image.width, image.height, case.limit, case.patch
        );
        let clean = match pair(exam, settings, &call, &label, &mut report) {
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
        if clean && image.rgb.len() > LARGE {
            exam.session.forget(&reference);
        }
    }
    for check in CHECKS.iter().filter(|check| matches!(check.guard, Guard::Results)) {
        match &unreached {
            // What a worker's end left out may hide anything, but `survives` has failed for it.
            Some(reason) => exam.skip(check.name, Verdict::NotRun, format!("in the corpus {reason}")),
            None => exam.ran(check.name),
        }
    }
    if report.cases == 0 && unreached.is_none() {
        exam.skip("parity", Verdict::NotRun, "no result could be compared");
    }
    if report.cases > 0 && !settings.rules.accept(&report.total) {
        exam.last.clone_from(&report.worst_call);
        exam.fail("parity", format!("{}; worst in {}", report.total.describe(), report.worst), "");
    }
    Ok(report)
}

/// One case; whether nothing was found on it.
fn pair(
    exam: &mut Exam<'_>,
    settings: &Settings,
    call: &Call,
    label: &str,
    report: &mut ParityReport,
) -> Result<bool> {
    let (right, given) = exam.both(call)?;
    let (right, given) = match (&*right, &given) {
        (Observation::Returned(right), Observation::Returned(given)) => (right, given),
        (Observation::Returned(_), Observation::Raised { message, traceback }) => {
            exam.fail("accepts", format!("{label}: raises {}", first_line(message)), traceback.clone());
            return Ok(false);
        }
        // The reference refuses it: what a candidate makes of it is its own affair.
        _ => return Ok(true),
    };
    let found = inspect(right, given, limit_of(call), &settings.rules)?;
    let clean = found.broken.is_empty();
    for (check, sentence) in found.broken {
        exam.fail(check, format!("{label}: {sentence}"), "");
    }
    let Some(measured) = found.parity else {
        report.incomparable += 1;
        return Ok(clean);
    };
    let class = measured.class();
    report.cases += 1;
    *report.by_class.entry(class).or_default() += 1;
    if class > report.class || (class == report.class && measured.worst > report.total.worst) {
        report.worst = label.into();
        report.worst_call = Some(call.clone());
    }
    report.class = report.class.max(class);
    report.total.add(&measured);
    Ok(clean && class == Class::Exact)
}

/// All of it: [`examine`], then embeddings, evidence into `folder`, and speed.
///
/// # Errors
/// As [`examine`], and if evidence cannot be written.
pub fn validate(
    session: &mut Session,
    settings: &Settings,
    names: (&str, &str),
    folder: &Path,
    shown: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Outcome> {
    let (mut exam, mut outcome) = examined(session, settings, progress)?;
    let differs = outcome.parity.as_ref().is_some_and(|parity| parity.class != Class::Exact);
    if let (Some(model), true) = (&settings.model, differs) {
        progress("both results through the model");
        outcome.embeddings = embeddings::compare(&mut exam, settings, model)?;
    }
    let failed: Vec<String> = outcome.failed().map(|row| row.name.clone()).collect();
    for check in failed.iter().map(String::as_str) {
        progress(&format!("evidence for {check}"));
        let smallest = shrink::smallest(&mut exam, check)?;
        let written = evidence::write(&mut exam, check, smallest.as_ref(), folder)?;
        let replay = evidence::replay(&exam, check, names, written.as_deref().map(|path| shown.join(path)));
        if let Some(row) = exam.row(check) {
            row.smallest = smallest.map(|image| (image.width, image.height));
            row.evidence = written;
            row.replay = replay;
        }
    }
    outcome.checks.clone_from(&exam.ledger);
    if !settings.batch_sizes.is_empty() {
        if exam.failed("loads") || exam.failed("accepts") || exam.failed("survives") {
            outcome.speed_missing = Some("not timed, since the candidate does not answer every call".into());
        } else {
            match speed::measure_all(&mut exam, settings, progress)? {
                Ok(rows) => outcome.speed = rows,
                Err(why) => outcome.speed_missing = Some(why),
            }
        }
    }
    Ok(outcome)
}
