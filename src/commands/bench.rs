//! `patchmark bench`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread::available_parallelism,
};

use anyhow::{Context, Result};
use clap::Args;
use tch::Device;

use super::endings::{verdict, worse};
use super::options::{
    DeviceOptions, ImageOptions, ParameterOptions, allow_network, interrupt_flag, positive_list,
    progress_bar, seconds, use_threads,
};
use crate::{
    error::Outcome,
    input_error,
    measure::{
        Bench, ForwardKind, Interrupt, Loaders, MakeProcessor, Precision, bench, build_forwards,
        check_forwards,
    },
    model::{LoadedModel, ModelSource, TextInputs, TextTokenizer, Tower, seeded_ids},
    processor::{self, Parameters, Processor, References},
    python,
    report::{
        schema::{Run, Settings},
        store, table,
    },
    workload::{Sizes, Workload},
};

/// Images in a batch at the most: 4096 of 256 patches are 3 GB of pixel values.
const LARGEST_BATCH: usize = 4096;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Processors, separated by commas, or `all`.
    #[arg(long, value_name = "NAMES", default_value = "all", env = "PATCHMARK_PROCESSORS")]
    processors: String,
    /// Batch sizes, separated by commas.
    #[arg(long, value_name = "N,…", default_value = "1,2,4,8", env = "PATCHMARK_BATCH_SIZES")]
    batch_sizes: String,
    #[command(flatten)]
    images: ImageOptions,
    /// `mixed` keeps the images as they are; `1024x768,640x480` resamples to equal sizes, a run each.
    #[arg(long, default_value = "mixed", env = "PATCHMARK_SIZES")]
    sizes: Sizes,
    #[command(flatten)]
    parameters: ParameterOptions,
    /// random-base, random-tiny, a checkpoint folder, or a hub id.
    #[arg(long, value_name = "MODEL", default_value = "random-base", env = "PATCHMARK_MODEL")]
    model: String,
    /// Forwards: native, hf, and on a GPU native-graph (a CUDA graph of it); charts are drawn against the first.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "native,hf",
        env = "PATCHMARK_FORWARD"
    )]
    forward: Vec<ForwardKind>,
    /// vision, or full with the text tower.
    #[arg(long, default_value = "full", env = "PATCHMARK_TOWER")]
    tower: Tower,
    /// The forward's dtype: f32, bf16 or f16.
    #[arg(long, default_value = "f32", env = "PATCHMARK_DTYPE")]
    dtype: Precision,
    #[command(flatten)]
    device: DeviceOptions,
    /// Time for measuring, after set-up and warm-up; at least three rounds are taken.
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = seconds, env = "PATCHMARK_BUDGET")]
    budget: f64,
    /// Seed of weights, text ids and orders.
    #[arg(long, default_value_t = 0, env = "PATCHMARK_SEED")]
    seed: u64,
    /// Also time the stages of each processor, in passes of their own.
    #[arg(long, env = "PATCHMARK_STAGES")]
    stages: bool,
    /// Also prepare each batch while the one before is in the forward: images a second end to end.
    #[arg(long, env = "PATCHMARK_PIPELINED")]
    pipelined: bool,
    /// Let --pipelined begin with the files: decoding them is part of preparing a batch. For `--sizes mixed`, and not
    /// beside --dataloader, whose images are decoded.
    #[arg(long, requires = "pipelined", conflicts_with = "dataloader", env = "PATCHMARK_DECODE")]
    decode: bool,
    /// Also time torch's DataLoader running `hf` with 0, 4 and as many workers as there are CPUs.
    #[arg(long, env = "PATCHMARK_DATALOADER")]
    dataloader: bool,
    /// Let f32 matrix products of the forward use TF32, which a GPU computes several times faster.
    #[arg(long, env = "PATCHMARK_TF32")]
    tf32: bool,
    /// Run folder [default: runs/latest]; replaced whole if it holds a run.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "runs/latest",
        hide_default_value = true,
        env = "PATCHMARK_OUT"
    )]
    out: PathBuf,
    /// Print the run as JSON instead of a table.
    #[arg(long, env = "PATCHMARK_JSON")]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    // Everything that can be wrong is looked at before anything slow starts.
    let batch_sizes = positive_list(&arguments.batch_sizes, "--batch-sizes", LARGEST_BATCH)?;
    let source: ModelSource = arguments.model.parse()?;
    allow_network(matches!(source, ModelSource::Hub(_)));
    let device = arguments.device.device()?;
    let names = processor::parse_names(&arguments.processors, device)?;
    check_forwards(&arguments.forward, device)?;
    if arguments.tf32 && (!device.is_cuda() || arguments.dtype != Precision::F32) {
        return Err(input_error!("--tf32 is for --dtype f32 on --device cuda:N; leave it out"));
    }
    if arguments.decode && arguments.sizes != Sizes::Mixed {
        return Err(input_error!(
            "--decode with --sizes {}: files decode to their own sizes; give --sizes mixed, or leave --decode out",
            arguments.sizes
        ));
    }
    let folder = match &source {
        ModelSource::Folder(folder) => Some(folder.as_path()),
        _ => None,
    };
    let parameters = arguments.parameters.parameters(folder)?;
    let workloads = Workload::load_all(&arguments.images.source(), &arguments.sizes)?;
    let folders: Vec<PathBuf> = match workloads.as_slice() {
        [_] => vec![arguments.out.clone()],
        several => several.iter().map(|workload| arguments.out.join(&workload.name)).collect(),
    };
    for folder in &folders {
        store::check_writable(folder)?;
    }
    let threads = arguments.device.use_threads()?;
    let interrupt = interrupt_flag()?;

    eprintln!("loading {} ({}) …", arguments.model, arguments.dtype);
    let model = source.load(arguments.seed, device, arguments.dtype.kind(), &python::model::download)?;
    if parameters.patch_size != model.config.vision.patch_size as usize {
        return Err(input_error!(
            "patch_size {} does not fit the model's patches of {} px; give --patch-size {} or another --model",
            parameters.patch_size,
            model.config.vision.patch_size,
            model.config.vision.patch_size
        ));
    }
    python::start()?;
    if device.is_cuda() {
        python::cuda::allow_tf32(arguments.tf32)?;
    }
    // Loading may have changed torch's threads: transformers' import does on some machines.
    use_threads(threads)?;
    let prepared = Prepared::new(arguments, &names, &batch_sizes, &parameters, &model, device, threads)?;

    let mut outcome = Outcome::Done;
    for (workload, folder) in workloads.iter().zip(&folders) {
        let run = prepared.measure(arguments, workload, &interrupt)?;
        store::write_run(folder, &run)?;
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&run)?);
        } else {
            print!("{}", table::render(&run));
        }
        eprintln!("saved in {}", folder.display());
        outcome = worse(outcome, verdict(&run, interrupt.load(Ordering::Relaxed)));
        if outcome == Outcome::Interrupted {
            break;
        }
    }
    Ok(outcome)
}

/// What the workloads share.
struct Prepared<'a> {
    processors: Vec<Box<dyn Processor>>,
    references: References,
    pipelined: Option<MakeProcessor>,
    loaders: Option<Loaders>,
    forwards: Vec<Box<dyn crate::model::Forward>>,
    text: Option<TextInputs>,
    tokenizer: Option<TextTokenizer>,
    batch_sizes: &'a [usize],
    device: Device,
    settings: Settings,
}

impl<'a> Prepared<'a> {
    fn new(
        arguments: &Arguments,
        names: &[&'static str],
        batch_sizes: &'a [usize],
        parameters: &Parameters,
        model: &LoadedModel,
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let create = |name| processor::create_or_explain(name, parameters, device, threads);
        let largest = batch_sizes.iter().copied().max().unwrap_or(1);
        let tokenizer = match (arguments.tower, &model.folder) {
            (Tower::Full, Some(folder)) if folder.join("tokenizer.json").exists() => {
                Some(TextTokenizer::load(folder, &model.config.text)?)
            }
            _ => None,
        };
        let text = match (arguments.tower, &tokenizer) {
            (Tower::Vision, _) => None,
            (Tower::Full, Some(tokenizer)) => {
                let texts: Vec<String> =
                    (0..largest).map(|n| format!("a photo of subject number {n}")).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                Some(tokenizer.encode(&texts)?.to_device(device)?)
            }
            (Tower::Full, None) => {
                Some(seeded_ids(largest, &model.config.text, arguments.seed)?.to_device(device)?)
            }
        };
        let shown_model = Path::new(&arguments.model).file_name().map_or_else(
            || arguments.model.clone(),
            |name| {
                if model.folder.is_some() {
                    name.to_string_lossy().into_owned()
                } else {
                    arguments.model.clone()
                }
            },
        );
        Ok(Self {
            processors: names.iter().map(|name| create(name)).collect::<Result<_>>()?,
            references: References::new(parameters, device, threads)?,
            pipelined: arguments.pipelined.then(|| -> MakeProcessor {
                let parameters = parameters.clone();
                Arc::new(move |name| processor::create(name, &parameters, device, threads))
            }),
            forwards: build_forwards(&arguments.forward, model, arguments.tower, device)?,
            loaders: arguments
                .dataloader
                .then(|| Loaders { workers: workers(), parameters: parameters.clone() }),
            text,
            tokenizer,
            batch_sizes,
            device,
            settings: Settings {
                device: arguments.device.name().to_owned(),
                dtype: if arguments.tf32 { "tf32".into() } else { arguments.dtype.to_string() },
                tower: arguments.tower.to_string(),
                model: shown_model,
                random_weights: model.random,
                workload: String::new(),
                threads,
                seed: arguments.seed,
                budget_s: arguments.budget,
                max_num_patches: parameters.max_num_patches,
                patch_size: parameters.patch_size,
                pipelined_decodes: arguments.decode,
            },
        })
    }

    fn measure(&self, arguments: &Arguments, workload: &Workload, interrupt: &Interrupt) -> Result<Run> {
        let progress = progress_bar((arguments.budget * 1e3) as u64)?;
        let settings = Settings { workload: workload.description.clone(), ..self.settings.clone() };
        let run = bench(
            &Bench {
                processors: &self.processors,
                references: &self.references,
                forwards: &self.forwards,
                text: self.text.as_ref(),
                tokenizer: self.tokenizer.as_ref(),
                workload,
                batch_sizes: self.batch_sizes,
                device: self.device,
                stages: arguments.stages,
                pipelined: self.pipelined.clone(),
                decode: arguments.decode,
                loaders: self.loaders.clone(),
                settings,
            },
            &progress,
            interrupt,
        )
        .with_context(|| format!("failed to bench {}", workload.name));
        progress.finish_and_clear();
        run
    }
}

/// Worker processes of the DataLoader rows: none, the four of many tutorials, one a CPU.
fn workers() -> Vec<usize> {
    let mut workers = vec![0, 4, available_parallelism().map_or(1, usize::from)];
    workers.sort_unstable();
    workers.dedup();
    workers
}
