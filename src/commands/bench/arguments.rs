//! The arguments of `bench`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use patchmark_results::input_error;
use tch::Device;

use crate::{
    bench::ForwardKind,
    commands::{
        options::{DeviceOptions, ImageOptions, ParameterOptions},
        values::{Numbers, numbers, seconds},
    },
    measure::Precision,
    model::Tower,
    workload::Sizes,
};

/// The largest batch size: 4096 images of 256 patches are 3 GB of pixel values.
pub(in crate::commands) const LARGEST_BATCH: usize = 4096;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Processors, separated by commas; `all` stands for patchmark's own. python:FILE:CLASS, exec:COMMAND and
    /// transformers==VERSION run in worker processes
    #[arg(long, value_name = "NAMES", default_value = "all", env = "PATCHMARK_PROCESSORS")]
    pub(super) processors: String,
    /// Batch sizes, separated by commas
    #[arg(
        long,
        value_name = "N,…",
        default_value = "1,2,4,8",
        value_parser = numbers::<LARGEST_BATCH>,
        env = "PATCHMARK_BATCH_SIZES"
    )]
    pub(super) batch_sizes: Numbers,
    #[command(flatten)]
    pub(super) images: ImageOptions,
    /// `mixed` keeps the images as they are, `1024x768` resamples them; several sizes, such as `1024x768,mixed`, make
    /// one run each
    #[arg(long, default_value = "mixed", env = "PATCHMARK_SIZES")]
    pub(super) sizes: Sizes,
    #[command(flatten)]
    pub(super) parameters: ParameterOptions,
    /// random-base, random-tiny, a checkpoint folder, or a hub id
    #[arg(long, value_name = "MODEL", default_value = "random-base", env = "PATCHMARK_MODEL")]
    pub(super) model: String,
    /// Forwards: native, hf, and on a GPU native-graph (a CUDA graph of it); charts show the first
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "native,hf",
        env = "PATCHMARK_FORWARD"
    )]
    pub(super) forward: Vec<ForwardKind>,
    /// vision, or full with the text tower; `vision,full` makes one run each
    #[arg(
        long,
        value_name = "TOWER",
        value_delimiter = ',',
        default_value = "full",
        env = "PATCHMARK_TOWER"
    )]
    pub(super) tower: Vec<Tower>,
    /// The forward's dtype: f32, bf16, f16, or on a GPU tf32 (f32 with TF32 matrix products); several make one run each
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', default_value = "f32", env = "PATCHMARK_DTYPE")]
    pub(super) dtype: Vec<Precision>,
    #[command(flatten)]
    pub(super) device: DeviceOptions,
    /// Time for measuring, after set-up and warm-up; at least three rounds are taken
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    pub(super) budget: f64,
    /// Seed of weights, text ids and orders
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    pub(super) seed: u64,
    /// Also time the stages of each processor, in separate passes
    #[arg(long, env = "PATCHMARK_STAGES")]
    pub(super) stages: bool,
    /// Also prepare each batch while the previous one is in the forward, and report images per second end to end
    #[arg(long, env = "PATCHMARK_PIPELINED")]
    pub(super) pipelined: bool,
    /// With --pipelined, start from the files, so that decoding is part of preparing a batch; needs `--sizes mixed`,
    /// and cannot be combined with --dataloader
    #[arg(long, requires = "pipelined", conflicts_with = "dataloader", env = "PATCHMARK_DECODE")]
    pub(super) decode: bool,
    /// Also time whole flows from files to tensors: transformers' class given paths, Pillow and that class, Pillow and
    /// `fused`, and patchmark's own decoder and `fused`, each on one thread and on --threads; needs `--sizes mixed`
    #[arg(long, env = "PATCHMARK_FROM_FILES")]
    pub(super) from_files: bool,
    /// Also time torch's DataLoader running `hf` with 0, 4 and as many workers as there are CPUs
    #[arg(long, env = "PATCHMARK_DATALOADER")]
    pub(super) dataloader: bool,
    /// Print what would run and about how long it would take, and measure nothing
    #[arg(long, env = "PATCHMARK_PLAN")]
    pub(super) plan: bool,
    /// Run folder, replaced whole if it holds a run; several runs go into folders below it [default: runs/latest]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/latest",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    pub(super) out: PathBuf,
    /// Print the run as JSON instead of a table
    #[arg(long, env = "PATCHMARK_JSON")]
    pub(super) json: bool,
}

/// A dtype and a tower: one run per workload.
pub(super) type Mode = (Precision, Tower);

/// Every combination of dtype and tower, in the order given.
pub(super) fn modes(arguments: &Arguments, device: Device) -> Result<Vec<Mode>> {
    let mut modes = Vec::new();
    for &precision in &arguments.dtype {
        if precision == Precision::Tf32 && !device.is_cuda() {
            return Err(input_error!("--dtype tf32 needs a GPU; give --device cuda:N, or --dtype f32"));
        }
        for &tower in &arguments.tower {
            if modes.contains(&(precision, tower)) {
                return Err(input_error!(
                    "--dtype {precision} with --tower {tower} is given twice; remove one"
                ));
            }
            modes.push((precision, tower));
        }
    }
    Ok(modes)
}
