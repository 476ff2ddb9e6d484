//! `patchmark validate`.

use std::{path::PathBuf, sync::Arc, sync::atomic::AtomicBool, time::Duration, time::Instant};

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::options::{positive_list, seconds, use_threads};
use crate::{
    error::Outcome,
    input_error,
    model::ModelSource,
    processor::REFERENCE,
    report::{folder::Folder, store},
    validate::{
        self, Class, Rules, Session, Settings, Subject,
        checks::names,
        corpus::{Extent, LIMITS, PATCH_SIZES},
        overlays, releases,
        report::{self, Report},
    },
    worker::{Interrupted, Limits},
    workload::{DecodedImage, ImageSource, Sizes, Workload},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// python:FILE:CLASS, transformers==VERSION, transformers-pil==VERSION, or a processor's name.
    #[arg(value_name = "SUBJECT", required_unless_present_any = ["all_releases", "checks"])]
    subject: Option<String>,
    /// What defines right.
    #[arg(long, value_name = "SUBJECT", default_value = REFERENCE, env = "PATCHMARK_AGAINST")]
    against: String,
    /// Walk the installed releases of transformers and print a matrix.
    #[arg(long, conflicts_with = "subject", env = "PATCHMARK_ALL_RELEASES")]
    all_releases: bool,
    /// List the checks and what each guards.
    #[arg(long, conflicts_with_all = ["subject", "all_releases"])]
    checks: bool,
    /// Checks to run, separated by commas [default: all].
    #[arg(long, value_name = "CHECKS", env = "PATCHMARK_ONLY")]
    only: Option<String>,
    /// Checks to leave out.
    #[arg(long, value_name = "CHECKS", env = "PATCHMARK_SKIP")]
    skip: Option<String>,
    /// The loosest parity that passes: exact, last-place or one-level.
    #[arg(long, value_name = "CLASS", default_value = "exact", env = "PATCHMARK_ALLOW")]
    allow: String,
    /// Absolute difference that passes.
    #[arg(long, value_name = "TOL", env = "PATCHMARK_ATOL")]
    atol: Option<f64>,
    /// Difference relative to the reference's value that passes.
    #[arg(long, value_name = "TOL", env = "PATCHMARK_RTOL")]
    rtol: Option<f64>,
    /// How many images: quick, default or full.
    #[arg(long, value_name = "EXTENT", default_value = "default", env = "PATCHMARK_CORPUS")]
    corpus: String,
    /// Folder of JPEG and PNG files in the place of the built-in photographs.
    #[arg(long, value_name = "DIR", env = "PATCHMARK_IMAGES")]
    images: Option<PathBuf>,
    /// Leave out the generated images.
    #[arg(long, env = "PATCHMARK_ONLY_IMAGES")]
    only_images: bool,
    /// Values of max_num_patches [default: 16,64,256,576,1024].
    #[arg(long, value_name = "N,…", env = "PATCHMARK_LIMITS")]
    limits: Option<String>,
    /// Values of patch_size [default: 14,16,32].
    #[arg(long, value_name = "PX,…", env = "PATCHMARK_PATCH_SIZES")]
    patch_sizes: Option<String>,
    /// Model that shows what a difference does to embeddings, or `none`.
    #[arg(long, value_name = "DIR|ID|NAME", default_value = "random-base", env = "PATCHMARK_MODEL")]
    model: String,
    /// Batch sizes to time.
    #[arg(long, value_name = "N,…", default_value = "1,8", env = "PATCHMARK_BATCH_SIZES")]
    batch_sizes: String,
    /// Do not time.
    #[arg(long, env = "PATCHMARK_NO_SPEED")]
    no_speed: bool,
    /// What timing may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    budget: f64,
    /// Smallest change of time that counts, in percent; `compare` decides finer.
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, env = "PATCHMARK_MIN_EFFECT")]
    min_effect: f64,
    /// What one call of the candidate may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds, env = "PATCHMARK_TIME_LIMIT")]
    time_limit: f64,
    /// Memory that a worker may add to its libraries', in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096, env = "PATCHMARK_MEMORY_LIMIT")]
    memory_limit: u64,
    /// Threads of torch in each worker [default: every logical CPU].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, env = "PATCHMARK_THREADS")]
    threads: usize,
    /// Seed of the generated images and of random weights.
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Folder for validate.json (--all-releases: releases.json), summary.md, report.html, charts, junit.xml and the
    /// evidence [default: runs/validate].
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/validate",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    /// Print JSON instead of the summary.
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

impl Arguments {
    fn settings(&self) -> Result<Settings> {
        let list = |given: &Option<String>, option: &str, default: &[usize], most: usize| match given {
            Some(text) => positive_list(text, option, most),
            None => Ok(default.to_vec()),
        };
        for (option, value) in [("--atol", self.atol), ("--rtol", self.rtol)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
                return Err(input_error!("{option} {value}: give a number from 0 up"));
            }
        }
        if !(self.min_effect.is_finite() && self.min_effect > 0.0 && self.min_effect <= 1000.0) {
            return Err(input_error!("--min-effect {}: give a percentage above 0", self.min_effect));
        }
        if self.memory_limit < 64 {
            return Err(input_error!("--memory-limit {}: give at least 64 MiB", self.memory_limit));
        }
        Ok(Settings {
            rules: Rules { allow: self.allow.parse::<Class>()?, atol: self.atol, rtol: self.rtol },
            extent: self.corpus.parse::<Extent>()?,
            photographs: Vec::new(),
            only_images: self.only_images,
            limits: list(&self.limits, "--limits", &LIMITS, 1 << 14)?,
            patch_sizes: list(&self.patch_sizes, "--patch-sizes", &PATCH_SIZES, 256)?,
            only: check_names(self.only.as_deref(), "--only")?,
            skip: check_names(self.skip.as_deref(), "--skip")?,
            seed: self.seed,
            batch_sizes: if self.no_speed {
                Vec::new()
            } else {
                positive_list(&self.batch_sizes, "--batch-sizes", 4096)?
            },
            budget: Duration::from_secs_f64(self.budget),
            effect: self.min_effect / 100.0,
            model: if self.model == "none" { None } else { Some(self.model.parse::<ModelSource>()?) },
        })
    }
}

fn check_names(given: Option<&str>, option: &str) -> Result<Vec<String>> {
    let known = names();
    given.map_or(Ok(Vec::new()), |text| {
        text.split(',')
            .map(str::trim)
            .map(|name| {
                if known.contains(&name) {
                    Ok(name.to_owned())
                } else {
                    Err(input_error!(
                        "{option} {name}: no such check; `patchmark validate --checks` lists them"
                    ))
                }
            })
            .collect()
    })
}

/// The photographs, decoded.
fn photographs(folder: Option<&PathBuf>) -> Result<Vec<Arc<DecodedImage>>> {
    let source = folder.map_or(ImageSource::BuiltIn, |folder| ImageSource::Folder(folder.clone()));
    let workloads = Workload::load_all(&source, &Sizes::mixed())?;
    Ok(workloads.into_iter().flat_map(|workload| workload.images).collect())
}

/// A flag that Ctrl-C sets; the workers' waits see it, and everything temporary is removed on the way out.
fn interrupt_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let handle = Arc::clone(&flag);
    ctrlc::set_handler(move || handle.store(true, std::sync::atomic::Ordering::SeqCst))
        .context("failed to listen for Ctrl-C")?;
    Ok(flag)
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    if arguments.checks {
        for check in &validate::checks::CHECKS {
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
    let against = Subject::parse(&arguments.against)?;
    let candidate = arguments.subject.as_deref().map(Subject::parse).transpose()?;
    let staging = match &candidate {
        Some(_) => Some(report::check_writable(&arguments.out)?),
        None => Folder::find(&arguments.out, releases::FILE)?.probe().map(|()| None)?,
    };
    settings.photographs = photographs(arguments.images.as_ref())?;
    let threads = use_threads(arguments.threads)?;
    let run = validate::Run {
        program: None,
        limits: Limits {
            call: Duration::from_secs_f64(arguments.time_limit),
            memory: arguments.memory_limit << 20,
            ..Limits::default()
        },
        threads,
        interrupt: interrupt_flag()?,
    };
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")?);
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut progress = |what: &str| bar.set_message(what.to_owned());
    let (Some(candidate), Some(staging)) = (candidate, staging) else {
        let installed = overlays::installed()?;
        if installed.is_empty() {
            return Err(input_error!("no release is installed; `patchmark envs add 4.57.6` fetches one"));
        }
        let matrix = releases::walk(&installed, &against, &run, &settings, &mut progress)?;
        bar.finish_and_clear();
        store::write(&arguments.out, &matrix)?;
        println!(
            "{}",
            if arguments.json { serde_json::to_string_pretty(&matrix)? } else { releases::markdown(&matrix) }
        );
        eprintln!("saved in {}", arguments.out.display());
        return Ok(Outcome::Done);
    };
    let started = Instant::now();
    let names = (candidate.to_string(), against.to_string());
    let names = (names.0.as_str(), names.1.as_str());
    let mut session = Session::new(&against, &candidate, run)?;
    let outcome =
        validate::validate(&mut session, &settings, names, staging.path(), &arguments.out, &mut progress)?;
    bar.finish_and_clear();
    let report = Report::new(
        names,
        session.abouts(),
        settings.rules.relaxed(),
        threads,
        started.elapsed().as_secs_f64(),
        outcome,
    );
    // The workers end before the last line, so that whoever reads it finds the machine clean.
    drop(session);
    report::write(&report, staging, &arguments.out)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report::terminal(&report));
    }
    eprintln!("saved in {}", arguments.out.display());
    Ok(report.outcome.ending())
}
