//! The arguments of `patchmark compare`.

use std::path::PathBuf;

use clap::Args;
use patchmark_results::{MIN_EFFECT, Percent};

use crate::{
    commands::{
        bench::LARGEST_BATCH,
        decisions::OutputOptions,
        options::{DeviceOptions, ImageOptions, ParameterOptions},
        values::{Numbers, numbers, seconds},
    },
    workload::Sizes,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Two subjects, the base first: processors, python:FILE:CLASS, exec:COMMAND or transformers==VERSION; anything but two
    /// processors runs in worker processes. With --base-binary: the processors to compare between the builds
    /// [default: all but hf's]
    #[arg(value_name = "SUBJECT")]
    pub(super) subjects: Vec<String>,
    /// A patchmark built from the base commit; this program is the candidate
    #[arg(long, value_name = "PATH", env = "PATCHMARK_BASE_BINARY")]
    pub(super) base_binary: Option<PathBuf>,
    /// Batch sizes, separated by commas
    #[arg(
        long,
        value_name = "N,…",
        default_value = "1,8",
        value_parser = numbers::<LARGEST_BATCH>,
        env = "PATCHMARK_BATCH_SIZES"
    )]
    pub(super) batch_sizes: Numbers,
    #[command(flatten)]
    pub(super) images: ImageOptions,
    /// `mixed` keeps the images as they are; `1024x768,640x480` resamples them, one row per size
    #[arg(long, default_value = "mixed", env = "PATCHMARK_SIZES")]
    pub(super) sizes: Sizes,
    #[command(flatten)]
    pub(super) parameters: ParameterOptions,
    #[command(flatten)]
    pub(super) device: DeviceOptions,
    /// Time for measuring, after set-up; inconclusive rows use all of it
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    pub(super) budget: f64,
    /// Smallest change that matters, such as 5%
    #[arg(long, value_name = "PERCENT%", default_value_t = Percent::of_fraction(MIN_EFFECT), env = "PATCHMARK_MIN_EFFECT")]
    pub(super) min_effect: Percent,
    /// Let a subject be compared with itself: without this, two sides that are the same are exit code 5
    #[arg(long, env = "PATCHMARK_ALLOW_IDENTICAL")]
    pub(super) allow_identical: bool,
    /// Folder for compare.json, summary.md, junit.xml, report.html and the chart [default: runs/compare]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/compare",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) output: OutputOptions,
    /// Make the candidate slower by this much, to test the decision itself
    #[arg(long, value_name = "PERCENT%", default_value_t = Percent::of_fraction(0.0), hide = true)]
    pub(super) slow_candidate: Percent,
}
