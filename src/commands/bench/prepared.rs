//! What all runs of a `bench` share: models, processors, texts.

use std::{collections::BTreeMap, path::Path, sync::Arc, thread::available_parallelism};

use anyhow::{Context, Result};
use patchmark_results::{Run, RunSettings};
use tch::{Device, Kind};

use super::arguments::{Arguments, Mode};
use crate::{
    bench::{Bench, Loaders, MakeProcessor, TimedForward, bench, build_forwards},
    commands::options::progress_bar,
    interrupt::Interrupt,
    model::{LoadedModel, ModelSource, TextInputs, TextTokenizer, Tower, seeded_ids},
    processor::{self, Parameters, Processor, References},
    python,
    workload::Workload,
};

/// The model once for each dtype, in the order of `--dtype`.
pub(super) fn load(source: &ModelSource, arguments: &Arguments, device: Device) -> Result<Vec<LoadedModel>> {
    let mut models: Vec<LoadedModel> = Vec::new();
    for precision in &arguments.dtype {
        let kind = precision.kind();
        // Random numbers take seconds to draw, and are drawn in f32.
        let mut known = models.iter().zip(&arguments.dtype);
        let drawn = known.find(|(model, known)| model.random && known.kind() == Kind::Float);
        models.push(match drawn {
            Some((model, _)) => LoadedModel {
                config: model.config.clone(),
                weights: model.weights.to_kind(kind)?,
                random: true,
                folder: None,
            },
            None => source.load(arguments.seed, device, kind, &python::model::download)?,
        });
    }
    Ok(models)
}

/// What the workloads share.
pub(super) struct Prepared<'a> {
    processors: Vec<Box<dyn Processor>>,
    references: References,
    pipelined: Option<MakeProcessor>,
    loaders: Option<Loaders>,
    forwards: Vec<TimedForward>,
    text: Option<TextInputs>,
    tokenizer: Option<TextTokenizer>,
    batch_sizes: &'a [usize],
    decode_ms: BTreeMap<usize, Vec<f64>>,
    device: Device,
    settings: Vec<RunSettings>,
}

impl<'a> Prepared<'a> {
    #[expect(clippy::too_many_arguments, reason = "each is another thing that was made from the arguments")]
    pub(super) fn new(
        arguments: &Arguments,
        names: &[&'static str],
        batch_sizes: &'a [usize],
        parameters: &Parameters,
        models: &[LoadedModel],
        modes: &[Mode],
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let create = |name| processor::create_or_explain(name, parameters, device, threads);
        let model = &models[0];
        let (text, tokenizer) = text(arguments, model, batch_sizes, device)?;
        let mut forwards = Vec::new();
        for (run, &(precision, tower)) in modes.iter().enumerate() {
            let model = &models[run / arguments.tower.len()];
            for forward in build_forwards(&arguments.forward, model, tower, device)? {
                forwards.push(TimedForward { forward, precision, tower, run });
            }
        }
        let settings = |&(precision, tower): &Mode| RunSettings {
            device: arguments.device.name().to_owned(),
            dtype: precision.to_string(),
            tower: tower.to_string(),
            model: shown_model(arguments, model),
            random_weights: model.random,
            workload: String::new(),
            threads,
            seed: arguments.seed,
            budget_s: arguments.budget,
            max_num_patches: parameters.max_num_patches,
            patch_size: parameters.patch_size,
            pipelined_decodes: arguments.decode,
        };
        Ok(Self {
            processors: names.iter().map(|name| create(name)).collect::<Result<_>>()?,
            references: References::new(parameters, device, threads)?,
            pipelined: arguments.pipelined.then(|| -> MakeProcessor {
                let parameters = parameters.clone();
                Arc::new(move |name| processor::create(name, &parameters, device, threads))
            }),
            forwards,
            loaders: arguments
                .dataloader
                .then(|| Loaders { workers: workers(), parameters: parameters.clone() }),
            text,
            tokenizer,
            batch_sizes,
            decode_ms: BTreeMap::new(),
            device,
            settings: modes.iter().map(settings).collect(),
        })
    }

    pub(super) fn measure(
        &self,
        arguments: &Arguments,
        workload: &Workload,
        interrupt: &Interrupt,
    ) -> Result<Vec<Run>> {
        let progress = progress_bar((arguments.budget * 1e3) as u64)?;
        let settings = |settings: &RunSettings| RunSettings {
            workload: workload.description.clone(),
            ..settings.clone()
        };
        let runs = bench(
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
                decode_ms: self.decode_ms.clone(),
                loaders: self.loaders.clone(),
                settings: self.settings.iter().map(settings).collect(),
            },
            &progress,
            interrupt,
        )
        .with_context(|| format!("failed to bench {}", workload.name));
        progress.finish_and_clear();
        runs
    }

    /// Remembers what decoding took, for the workloads that follow: they have the same files.
    pub(super) fn keep_decode_times(&mut self, runs: &[Run]) {
        for batch in runs.first().into_iter().flat_map(|run| &run.batches) {
            if !batch.decode_ms.samples.is_empty() {
                self.decode_ms.insert(batch.batch_size, batch.decode_ms.samples.clone());
            }
        }
    }
}

/// Texts for the largest batch where a full model runs, and the checkpoint's tokenizer where it has one.
fn text(
    arguments: &Arguments,
    model: &LoadedModel,
    batch_sizes: &[usize],
    device: Device,
) -> Result<(Option<TextInputs>, Option<TextTokenizer>)> {
    if !arguments.tower.contains(&Tower::Full) {
        return Ok((None, None));
    }
    let largest = batch_sizes.iter().copied().max().unwrap_or(1);
    let tokenizer = match &model.folder {
        Some(folder) if folder.join("tokenizer.json").exists() => {
            Some(TextTokenizer::load(folder, &model.config.text)?)
        }
        _ => None,
    };
    let text = match &tokenizer {
        Some(tokenizer) => {
            let texts: Vec<String> = (0..largest).map(|n| format!("a photo of subject number {n}")).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            tokenizer.encode(&texts)?
        }
        None => seeded_ids(largest, &model.config.text, arguments.seed)?,
    };
    Ok((Some(text.to_device(device)?), tokenizer))
}

/// The model as a reader knows it: a checkpoint by its folder's name.
fn shown_model(arguments: &Arguments, model: &LoadedModel) -> String {
    let folder = Path::new(&arguments.model).file_name().filter(|_| model.folder.is_some());
    folder.map_or_else(|| arguments.model.clone(), |name| name.to_string_lossy().into_owned())
}

/// Worker processes of the DataLoader rows: none, the four of many tutorials, one a CPU.
fn workers() -> Vec<usize> {
    let mut workers = vec![0, 4, available_parallelism().map_or(1, usize::from)];
    workers.sort_unstable();
    workers.dedup();
    workers
}
