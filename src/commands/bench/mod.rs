//! `patchmark bench`.

mod plan;
mod prepared;

use std::{path::PathBuf, sync::atomic::Ordering};

use anyhow::Result;
use clap::Args;
use patchmark_report::{View, store};
use patchmark_results::{Kind, Outcome, input_error};
use tch::Device;

use self::{plan::Plan, prepared::Prepared};
use super::{
    options::{DeviceOptions, ImageOptions, ParameterOptions, allow_network, use_threads},
    values::{Numbers, numbers, seconds},
};
use crate::{
    bench::{ForwardKind, check_forwards},
    interrupt::{self, Second},
    measure::Precision,
    model::{ModelSource, Tower},
    processor, python,
    workload::{Size, Sizes, Workload},
};

/// The most images of a batch: 4096 of 256 patches are 3 GB of pixel values.
pub(super) const LARGEST_BATCH: usize = 4096;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Processors, separated by commas, or `all`
    #[arg(long, value_name = "NAMES", default_value = "all", env = "PATCHMARK_PROCESSORS")]
    processors: String,
    /// Batch sizes, separated by commas
    #[arg(
        long,
        value_name = "N,…",
        default_value = "1,2,4,8",
        value_parser = numbers::<LARGEST_BATCH>,
        env = "PATCHMARK_BATCH_SIZES"
    )]
    batch_sizes: Numbers,
    #[command(flatten)]
    images: ImageOptions,
    /// `mixed` keeps the images as they are, `1024x768` resamples them; several sizes, such as `1024x768,mixed`, make
    /// one run each
    #[arg(long, default_value = "mixed", env = "PATCHMARK_SIZES")]
    sizes: Sizes,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// random-base, random-tiny, a checkpoint folder, or a hub id
    #[arg(long, value_name = "MODEL", default_value = "random-base", env = "PATCHMARK_MODEL")]
    model: String,
    /// Forwards: native, hf, and on a GPU native-graph (a CUDA graph of it); charts show the first
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "native,hf",
        env = "PATCHMARK_FORWARD"
    )]
    forward: Vec<ForwardKind>,
    /// vision, or full with the text tower; `vision,full` makes one run each
    #[arg(
        long,
        value_name = "TOWER",
        value_delimiter = ',',
        default_value = "full",
        env = "PATCHMARK_TOWER"
    )]
    tower: Vec<Tower>,
    /// The forward's dtype: f32, bf16, f16, or on a GPU tf32 (f32 with TF32 matrix products); several make one run each
    #[arg(long, value_name = "DTYPE", value_delimiter = ',', default_value = "f32", env = "PATCHMARK_DTYPE")]
    dtype: Vec<Precision>,
    #[command(flatten)]
    device: DeviceOptions,
    /// Time for measuring, after set-up and warm-up; at least three rounds are taken
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    budget: f64,
    /// Seed of weights, text ids and orders
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Also time the stages of each processor, in passes of their own
    #[arg(long, env = "PATCHMARK_STAGES")]
    stages: bool,
    /// Also prepare each batch while the previous one is in the forward, and report images per second end to end
    #[arg(long, env = "PATCHMARK_PIPELINED")]
    pipelined: bool,
    /// With --pipelined, begin with the files, so that decoding is part of preparing a batch; needs `--sizes mixed`,
    /// and cannot be combined with --dataloader
    #[arg(long, requires = "pipelined", conflicts_with = "dataloader", env = "PATCHMARK_DECODE")]
    decode: bool,
    /// Also time torch's DataLoader running `hf` with 0, 4 and as many workers as there are CPUs
    #[arg(long, env = "PATCHMARK_DATALOADER")]
    dataloader: bool,
    /// Print what would run and about how long it would take, and measure nothing
    #[arg(long, env = "PATCHMARK_PLAN")]
    plan: bool,
    /// Run folder, replaced whole if it holds a run; several runs go into folders below it [default: runs/latest]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/latest",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    /// Print the run as JSON instead of a table
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    // Everything that can be wrong is looked at before anything slow starts.
    let batch_sizes = arguments.batch_sizes.0.clone();
    let source: ModelSource = arguments.model.parse()?;
    allow_network(matches!(source, ModelSource::Hub(_)));
    let device = if arguments.plan { arguments.device.named()? } else { arguments.device.device()? };
    let names = processor::parse_names(&arguments.processors, device)?;
    check_forwards(&arguments.forward, device)?;
    let modes = modes(arguments, device)?;
    if let (true, Some(size)) = (arguments.decode, arguments.sizes.iter().find(|size| *size != Size::Mixed)) {
        return Err(input_error!(
            "--decode with --sizes {size}: files decode to their own sizes; give --sizes mixed, or leave --decode out"
        ));
    }
    let parameters = arguments.parameters.parameters(source.folder())?;
    let workloads = Workload::load_all(&arguments.images.source(), &arguments.sizes)?;
    let folders: Vec<Vec<PathBuf>> = workloads
        .iter()
        .map(|workload| folders(arguments, &workload.name, workloads.len(), &modes))
        .collect();
    let largest = batch_sizes.iter().copied().max().unwrap_or(0);
    workloads.iter().try_for_each(|workload| workload.check_batch(largest))?;
    if arguments.plan {
        let plan = Plan { arguments, names: &names, batch_sizes: &batch_sizes, modes: &modes, device };
        print!("{}", plan.render(&workloads, &folders));
        return Ok(Outcome::Done);
    }
    for folder in folders.iter().flatten() {
        store::check_writable(folder, Kind::Run)?;
    }
    let threads = arguments.device.use_threads()?;
    let interrupt = interrupt::listen(Second::Leaves)?;

    let dtypes: Vec<String> = arguments.dtype.iter().map(Precision::to_string).collect();
    eprintln!("loading {} ({}) …", arguments.model, dtypes.join(", "));
    let models = prepared::load(&source, arguments, device)?;
    let model = &models[0];
    if parameters.patch_size != model.config.vision.patch_size as usize {
        return Err(input_error!(
            "patch_size {} does not fit the model's patches of {} px; give --patch-size {} or another --model",
            parameters.patch_size,
            model.config.vision.patch_size,
            model.config.vision.patch_size
        ));
    }
    python::start()?;
    // Loading may have changed torch's threads: transformers' import does on some machines.
    use_threads(threads)?;
    let mut prepared =
        Prepared::new(arguments, &names, &batch_sizes, &parameters, &models, &modes, device, threads)?;

    let mut outcome = Outcome::Done;
    for (workload, folders) in workloads.iter().zip(&folders) {
        let runs = prepared.measure(arguments, workload, &interrupt)?;
        for (run, folder) in runs.iter().zip(folders) {
            store::write(folder, run)?;
            if arguments.json {
                println!("{}", serde_json::to_string_pretty(run)?);
            } else {
                print!("{}", run.terminal());
            }
            eprintln!("saved in {}", folder.display());
            outcome = outcome.worse(run.outcome());
        }
        if outcome == Outcome::Interrupted || interrupt.load(Ordering::Relaxed) {
            break;
        }
        if device.is_cuda() {
            prepared.keep_decode_times(&runs);
        }
    }
    Ok(outcome)
}

/// A dtype with a tower: one run for each workload.
pub(super) type Mode = (Precision, Tower);

/// Every dtype with every tower, in the order given.
fn modes(arguments: &Arguments, device: Device) -> Result<Vec<Mode>> {
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

/// Where the runs of a workload go: `--out` itself if there is but one run, and folders below it named after whatever
/// there are several of.
fn folders(arguments: &Arguments, workload: &str, workloads: usize, modes: &[Mode]) -> Vec<PathBuf> {
    let folder = |&(precision, tower): &Mode| {
        let mut parts = Vec::new();
        parts.extend((workloads > 1).then(|| workload.to_owned()));
        parts.extend((arguments.dtype.len() > 1).then(|| precision.to_string()));
        parts.extend((arguments.tower.len() > 1).then(|| tower.to_string()));
        if parts.is_empty() { arguments.out.clone() } else { arguments.out.join(parts.join("-")) }
    };
    modes.iter().map(folder).collect()
}
