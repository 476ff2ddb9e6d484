//! `patchmark validate`.

mod arguments;

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use patchmark_report::store;
use patchmark_results::{
    Folder, Kind, Outcome, Validation, input_error,
    validation::{Conclusion, VALIDATION_VERSION},
};

pub(super) use self::arguments::Arguments;
use super::{
    options::use_threads,
    saved::{print, print_and_save, told},
};
use crate::{
    console::{outln, tell},
    interrupt::{self, Idle},
    program::Launcher,
    validate::{Session, Settings, checks::CHECKS, releases, validate},
    worker::{Interrupted, Limits, Options, Subject, overlays},
    workload::{Sizes, Workload},
};

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    if arguments.checks {
        for check in &CHECKS {
            outln!("{:<17} {}", check.name, check.guards);
        }
        return Ok(Outcome::Done);
    }
    match examine(arguments) {
        Err(error) if error.is::<Interrupted>() => {
            tell!("interrupted before anything was found; nothing is saved");
            Ok(Outcome::Interrupted)
        }
        other => other,
    }
}

fn examine(arguments: &Arguments) -> Result<Outcome> {
    let mut settings = arguments.settings()?;
    let reference = Subject::parse(&arguments.reference)?;
    let candidate = arguments.subject.as_deref().map(Subject::parse).transpose()?;
    let kind = if candidate.is_some() { Kind::Validation } else { Kind::Releases };
    store::check_writable(arguments.out(), kind)?;
    for workload in Workload::load_all(&arguments.images.source()?, &Sizes::mixed())? {
        settings.photographs.extend(workload.images);
        settings.skipped_files.extend(workload.skipped);
    }
    let options = Options {
        program: Launcher::own()?,
        limits: Limits {
            call: Duration::from_secs_f64(arguments.time_limit),
            memory: arguments.memory_limit << 20,
            ..Limits::default()
        },
        threads: use_threads(arguments.threads)?,
        keep_memory: true,
        interrupt: interrupt::listen(Idle::Waits)?,
    };
    match candidate {
        Some(candidate) => one(arguments, &settings, &reference, &candidate, options),
        None => all_releases(arguments, &settings, &reference, &options),
    }
}

/// Lines on stderr that say what is being done, drawn only on a terminal.
struct Spinners {
    lines: MultiProgress,
    style: ProgressStyle,
    bars: Vec<ProgressBar>,
}

impl Spinners {
    fn new() -> Result<Self> {
        let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")?;
        Ok(Self { lines: MultiProgress::new(), style, bars: Vec::new() })
    }

    /// Says on the line of that number what is being done.
    fn say(&mut self, line: usize, what: &str) {
        while self.bars.len() <= line {
            let bar = self.lines.add(ProgressBar::new_spinner().with_style(self.style.clone()));
            bar.enable_steady_tick(Duration::from_millis(200));
            self.bars.push(bar);
        }
        self.bars[line].set_message(what.to_owned());
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn one(
    arguments: &Arguments,
    settings: &Settings,
    reference: &Subject,
    candidate: &Subject,
    options: Options,
) -> Result<Outcome> {
    let mut staging = Folder::find(arguments.out(), Kind::Validation.file())?.staging()?;
    staging.discard("evidence");
    let (started, threads) = (Instant::now(), options.threads);
    let names = [candidate.to_string(), reference.to_string()];
    let mut spinners = Spinners::new()?;
    let mut session = Session::new(reference, candidate, options)?;
    let found = validate(
        &mut session,
        settings,
        (&names[0], &names[1]),
        (staging.path(), arguments.out()),
        &mut |what: &str| spinners.say(0, what),
    );
    drop(spinners);
    let (mut found, rule) = found?;
    found.identical = candidate.same(reference) && !arguments.allow_identical;
    let (candidate_about, reference_about) = session.abouts();
    let [candidate, reference] = names;
    let validation = Validation {
        schema_version: VALIDATION_VERSION,
        verdict: Conclusion::Undecided,
        exit_code: 0,
        candidate,
        candidate_class: candidate_about.class.clone(),
        reference,
        reference_class: reference_about.class.clone(),
        relaxed: settings.tolerance.relaxed(),
        tolerance: Some(settings.tolerance),
        rule,
        candidate_versions: candidate_about.versions.clone(),
        reference_versions: reference_about.versions.clone(),
        cpu_capability: reference_about.capability.clone(),
        threads,
        commit: env!("PATCHMARK_BUILD_COMMIT").into(),
        elapsed_s: started.elapsed().as_secs_f64(),
        found,
    }
    .concluded();
    // The workers end before the last line, so that a script that waits for it finds no process left over.
    drop(session);
    print(&validation, arguments.json)?;
    Ok(told(store::finish_documents(staging, &validation), &validation, arguments.out()).outcome)
}

fn all_releases(
    arguments: &Arguments,
    settings: &Settings,
    reference: &Subject,
    options: &Options,
) -> Result<Outcome> {
    let installed = overlays::installed()?;
    if installed.is_empty() {
        return Err(input_error!("no release is installed; `patchmark envs add 4.57.6` fetches one"));
    }
    let mut spinners = Spinners::new()?;
    let releases = releases::walk(&installed, reference, options, settings, &mut |line, what| {
        spinners.say(line, what);
    });
    drop(spinners);
    let releases = releases?;
    Ok(print_and_save(&releases, arguments.json, arguments.out())?.outcome)
}
