//! `patchmark validate`.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use patchmark_report::{View, store};
use patchmark_results::{
    Folder, Kind, Outcome, ParityClass, Tolerance, Validation, input_error,
    validation::{Conclusion, VALIDATION_VERSION},
};

use super::{
    bench::LARGEST_BATCH,
    options::use_threads,
    values::{Numbers, numbers, percent, seconds, tolerance},
};
use crate::{
    interrupt::{self, Second},
    model::ModelSource,
    processor::REFERENCE,
    program::Launcher,
    validate::{
        Session, Settings,
        cases::{Extent, LIMITS, PATCH_SIZES},
        checks::{CHECKS, names},
        releases, validate,
    },
    worker::{Interrupted, Limits, Options, Subject, overlays},
    workload::{DecodedImage, ImageSource, Sizes, Workload},
};

/// A class of parity that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Allow {
    /// Every bit is equal
    Exact,
    /// Floating rounding only
    LastPlace,
    /// At most one uint8 level before normalising
    OneLevel,
}

impl From<Allow> for ParityClass {
    fn from(allow: Allow) -> Self {
        match allow {
            Allow::Exact => Self::Exact,
            Allow::LastPlace => Self::LastPlace,
            Allow::OneLevel => Self::OneLevel,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The candidate: python:FILE:CLASS, transformers==VERSION, transformers-pil==VERSION, or a processor's name
    #[arg(value_name = "SUBJECT", required_unless_present_any = ["all_releases", "checks"])]
    subject: Option<String>,
    /// Reference subject
    #[arg(long, alias = "against", value_name = "SUBJECT", default_value = REFERENCE, env = "PATCHMARK_REFERENCE")]
    reference: String,
    /// Validate every installed release of transformers and print a matrix
    #[arg(long, conflicts_with = "subject", env = "PATCHMARK_ALL_RELEASES")]
    all_releases: bool,
    /// List the checks and what each guards
    #[arg(long, conflicts_with_all = ["subject", "all_releases"])]
    checks: bool,
    /// Checks to run, separated by commas [default: all]
    #[arg(long, value_name = "CHECKS", value_delimiter = ',', value_parser = check, env = "PATCHMARK_CHECKS")]
    only: Vec<String>,
    /// Checks to leave out
    #[arg(long, value_name = "CHECKS", value_delimiter = ',', value_parser = check, env = "PATCHMARK_SKIP_CHECKS")]
    skip: Vec<String>,
    /// The loosest parity that passes
    #[arg(long, value_enum, value_name = "CLASS", default_value = "exact", env = "PATCHMARK_ALLOW")]
    allow: Allow,
    /// Absolute difference that passes
    #[arg(long, value_name = "TOL", value_parser = tolerance, env = "PATCHMARK_ATOL")]
    atol: Option<f64>,
    /// Difference relative to the reference's value that passes
    #[arg(long, value_name = "TOL", value_parser = tolerance, env = "PATCHMARK_RTOL")]
    rtol: Option<f64>,
    /// How many images are compared
    #[arg(long, value_enum, value_name = "EXTENT", default_value = "default", env = "PATCHMARK_CORPUS")]
    corpus: Extent,
    /// Folder of JPEG and PNG files to use instead of the built-in photographs
    #[arg(long, value_name = "DIR", env = "PATCHMARK_IMAGES")]
    images: Option<PathBuf>,
    /// Leave out the generated images
    #[arg(long, env = "PATCHMARK_ONLY_IMAGES")]
    only_images: bool,
    /// Values of max_num_patches [default: 16,64,256,576,1024]
    #[arg(long, value_name = "N,…", value_parser = numbers::<{ 1 << 14 }>, env = "PATCHMARK_LIMITS")]
    limits: Option<Numbers>,
    /// Values of patch_size [default: 14,16,32]
    #[arg(long, value_name = "PX,…", value_parser = numbers::<256>, env = "PATCHMARK_PATCH_SIZES")]
    patch_sizes: Option<Numbers>,
    /// Model that shows what a difference does to embeddings, or `none`
    #[arg(long, value_name = "DIR|ID|NAME", default_value = "random-base", env = "PATCHMARK_MODEL")]
    model: String,
    /// Batch sizes to time
    #[arg(
        long,
        value_name = "N,…",
        default_value = "1,8",
        value_parser = numbers::<LARGEST_BATCH>,
        env = "PATCHMARK_BATCH_SIZES"
    )]
    batch_sizes: Numbers,
    /// Skip timing
    #[arg(long, env = "PATCHMARK_NO_SPEED")]
    no_speed: bool,
    /// Time limit for timing
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    budget: f64,
    /// Smallest change of time that counts, in percent; `compare` can decide about smaller ones
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent, env = "PATCHMARK_MIN_EFFECT")]
    min_effect: f64,
    /// Time limit for one call of the candidate
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds, env = "PATCHMARK_TIME_LIMIT")]
    time_limit: f64,
    /// Memory limit of a worker beyond its libraries, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(64..), env = "PATCHMARK_MEMORY_LIMIT")]
    memory_limit: u64,
    /// Threads for torch in each worker [default: every logical CPU]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, env = "PATCHMARK_THREADS")]
    threads: usize,
    /// Seed of the generated images and of random weights
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Folder for validate.json (with --all-releases: releases.json), summary.md, junit.xml, report.html, charts and the
    /// evidence [default: runs/validate]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/validate",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    /// Print JSON instead of the summary
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

impl Arguments {
    fn settings(&self) -> Result<Settings> {
        let list = |given: &Option<Numbers>, otherwise: &[usize]| {
            given.as_ref().map_or_else(|| otherwise.to_vec(), |numbers| numbers.0.clone())
        };
        if self.min_effect == 0.0 {
            return Err(input_error!("--min-effect 0: give a percentage above 0"));
        }
        Ok(Settings {
            tolerance: Tolerance { allow: self.allow.into(), atol: self.atol, rtol: self.rtol },
            extent: self.corpus,
            photographs: Vec::new(),
            only_images: self.only_images,
            limits: list(&self.limits, &LIMITS),
            patch_sizes: list(&self.patch_sizes, &PATCH_SIZES),
            only: self.only.clone(),
            skip: self.skip.clone(),
            seed: self.seed,
            batch_sizes: if self.no_speed { Vec::new() } else { self.batch_sizes.0.clone() },
            budget: Duration::from_secs_f64(self.budget),
            effect: self.min_effect / 100.0,
            model: if self.model == "none" { None } else { Some(self.model.parse::<ModelSource>()?) },
        })
    }
}

/// Reads the name of a check.
fn check(text: &str) -> Result<String, String> {
    let name = text.trim();
    if names().contains(&name) {
        Ok(name.to_owned())
    } else {
        Err("no such check; `patchmark validate --checks` lists them".to_owned())
    }
}

/// The photographs, decoded.
fn photographs(folder: Option<&PathBuf>) -> Result<Vec<Arc<DecodedImage>>> {
    let source = folder.map_or(ImageSource::BuiltIn, |folder| ImageSource::Folder(folder.clone()));
    let workloads = Workload::load_all(&source, &Sizes::mixed())?;
    Ok(workloads.into_iter().flat_map(|workload| workload.images).collect())
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    if arguments.checks {
        for check in &CHECKS {
            println!("{:<17} {}", check.name, check.guards);
        }
        return Ok(Outcome::Done);
    }
    match examine(arguments) {
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("interrupted; nothing is saved");
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
    store::check_writable(&arguments.out, kind)?;
    settings.photographs = photographs(arguments.images.as_ref())?;
    let options = Options {
        program: Launcher::own()?,
        limits: Limits {
            call: Duration::from_secs_f64(arguments.time_limit),
            memory: arguments.memory_limit << 20,
            ..Limits::default()
        },
        threads: use_threads(arguments.threads)?,
        interrupt: interrupt::listen(Second::Waits)?,
    };
    match candidate {
        Some(candidate) => one(arguments, &settings, &reference, &candidate, options),
        None => all_releases(arguments, &settings, &reference, &options),
    }
}

/// A line that says what is being done; without a terminal nothing is drawn.
fn spinner() -> Result<ProgressBar> {
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")?);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

fn one(
    arguments: &Arguments,
    settings: &Settings,
    reference: &Subject,
    candidate: &Subject,
    options: Options,
) -> Result<Outcome> {
    let mut staging = Folder::find(&arguments.out, Kind::Validation.file())?.staging()?;
    staging.discard("evidence");
    let (started, threads) = (Instant::now(), options.threads);
    let names = [candidate.to_string(), reference.to_string()];
    let bar = spinner()?;
    let mut session = Session::new(reference, candidate, options)?;
    let found = validate(
        &mut session,
        settings,
        (&names[0], &names[1]),
        (staging.path(), &arguments.out),
        &mut |what: &str| bar.set_message(what.to_owned()),
    );
    bar.finish_and_clear();
    let (found, rule) = found?;
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
    // The workers end before the last line, so that whoever reads it finds the machine clean.
    drop(session);
    store::finish(staging, &validation)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&validation)?);
    } else {
        print!("{}", validation.terminal());
    }
    eprintln!("saved in {}", arguments.out.display());
    Ok(validation.outcome())
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
    let bar = spinner()?;
    let releases = releases::walk(&installed, reference, options, settings, &mut |what: &str| {
        bar.set_message(what.to_owned());
    });
    bar.finish_and_clear();
    let releases = releases?;
    store::write(&arguments.out, &releases)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&releases)?);
    } else {
        print!("{}", releases.terminal());
    }
    eprintln!("saved in {}", arguments.out.display());
    Ok(releases.outcome())
}
