//! The arguments of `patchmark validate`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use clap::Args;
use patchmark_results::{Percent, Tolerance, input_error};

use crate::{
    commands::options::ImageOptions,
    commands::{
        allow::Allow,
        bench::LARGEST_BATCH,
        values::{Numbers, numbers, seconds, tolerance},
    },
    model::ModelSource,
    processor::REFERENCE,
    validate::{
        Settings,
        cases::{Extent, LIMITS, PATCH_SIZES},
        checks::names,
    },
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// The candidate: python:FILE:CLASS, exec:COMMAND, transformers==VERSION, transformers-pil==VERSION, or a processor's
    /// name
    #[arg(value_name = "SUBJECT", required_unless_present_any = ["all_releases", "checks"])]
    pub(super) subject: Option<String>,
    /// Reference subject
    #[arg(long, alias = "against", value_name = "SUBJECT", default_value = REFERENCE, env = "PATCHMARK_REFERENCE")]
    pub(super) reference: String,
    /// Validate every installed release of transformers and print a matrix
    #[arg(long, conflicts_with = "subject", env = "PATCHMARK_ALL_RELEASES")]
    all_releases: bool,
    /// List the checks and what each guards
    #[arg(long, conflicts_with_all = ["subject", "all_releases"])]
    pub(super) checks: bool,
    /// Checks to run, separated by commas [default: all]
    #[arg(long, value_name = "CHECKS", value_delimiter = ',', value_parser = check, env = "PATCHMARK_CHECKS")]
    only: Vec<String>,
    /// Checks to leave out
    #[arg(long, value_name = "CHECKS", value_delimiter = ',', value_parser = check, env = "PATCHMARK_SKIP_CHECKS")]
    skip: Vec<String>,
    /// End at the first check that fails
    #[arg(long, conflicts_with = "all_releases", env = "PATCHMARK_FAIL_FAST")]
    fail_fast: bool,
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
    #[command(flatten)]
    pub(super) images: ImageOptions,
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
    /// Smallest change of time that counts, such as 10%; `compare` can decide smaller ones
    #[arg(long, value_name = "PERCENT%", default_value_t = Percent::of_fraction(0.1), env = "PATCHMARK_MIN_EFFECT")]
    min_effect: Percent,
    /// Let the reference be validated against itself: without this, that is exit code 5
    #[arg(long, env = "PATCHMARK_ALLOW_IDENTICAL")]
    pub(super) allow_identical: bool,
    /// Time limit for one call of the candidate
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds, env = "PATCHMARK_TIME_LIMIT")]
    pub(super) time_limit: f64,
    /// Memory limit of a worker beyond its libraries, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(64..), env = "PATCHMARK_MEMORY_LIMIT")]
    pub(super) memory_limit: u64,
    /// Threads for torch in each worker [default: every logical CPU]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, env = "PATCHMARK_THREADS")]
    pub(super) threads: usize,
    /// Seed of the generated images and of random weights
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Folder for validate.json (with --all-releases: releases.json), summary.md, junit.xml, report.html, charts and the
    /// evidence [default: runs/validate; with --all-releases: runs/releases]
    #[arg(long, value_name = "DIR", env = "PATCHMARK_OUT")]
    out: Option<PathBuf>,
    /// Print JSON instead of the summary
    #[arg(long, env = "PATCHMARK_JSON")]
    pub(super) json: bool,
}

impl Arguments {
    /// The folder of the result. Two kinds of result cannot share one, so each has its own default.
    pub(super) fn out(&self) -> &Path {
        let default = if self.all_releases { "runs/releases" } else { "runs/validate" };
        self.out.as_deref().unwrap_or(Path::new(default))
    }

    /// What to examine; the photographs are added later.
    pub(super) fn settings(&self) -> Result<Settings> {
        let list = |given: &Option<Numbers>, otherwise: &[usize]| {
            given.as_ref().map_or_else(|| otherwise.to_vec(), |numbers| numbers.0.clone())
        };
        if self.min_effect.fraction() == 0.0 {
            return Err(input_error!("--min-effect 0%: give a percentage above 0%"));
        }
        Ok(Settings {
            tolerance: Tolerance { allow: self.allow.into(), atol: self.atol, rtol: self.rtol },
            extent: self.corpus,
            // A matrix is about many releases: each choice alone is tried in all of them, but fewer combinations, and no
            // process is started that imports torch once more.
            uses: match self.corpus {
                Extent::Default if self.all_releases => Extent::Quick,
                other => other,
            },
            photographs: Vec::new(),
            skipped_files: Vec::new(),
            only_images: self.only_images,
            limits: list(&self.limits, &LIMITS),
            patch_sizes: list(&self.patch_sizes, &PATCH_SIZES),
            only: self.only.clone(),
            skip: self.skip.clone(),
            fail_fast: self.fail_fast,
            seed: self.seed,
            batch_sizes: if self.no_speed { Vec::new() } else { self.batch_sizes.0.clone() },
            budget: Duration::from_secs_f64(self.budget),
            effect: self.min_effect.fraction(),
            model: if self.model == "none" { None } else { Some(self.model.parse::<ModelSource>()?) },
        })
    }
}

/// Parses the name of a check.
fn check(text: &str) -> Result<String, String> {
    let name = text.trim();
    if names().contains(&name) {
        Ok(name.to_owned())
    } else {
        Err("no such check; `patchmark validate --checks` lists them".to_owned())
    }
}
