//! Turns the arguments into the one bench that measures all workloads.

use std::{path::Path, sync::Arc, thread::available_parallelism};

use anyhow::{Result, ensure};
use patchmark_results::{RunSettings, subjects};
use tch::{Device, Kind};

use super::arguments::{Arguments, Mode};
use crate::{
    bench::{Bench, Decoders, FromFiles, Loaders, MakeProcessor, TimedForward, build_forwards},
    measure::Quiet,
    model::{LoadedModel, ModelSource, TextInputs, TextTokenizer, Tower, seeded_ids},
    processor::{self, Parameters, Processor, References},
    python::{self, DecoderChoice},
};

/// Why the overlap of a subject in a worker is not measured.
const OTHER_PROCESS: &str =
    "it runs in a process of its own, so its overlap with the forward is not measured";

/// The model once per dtype, in the order of `--dtype`.
pub(super) fn load(source: &ModelSource, arguments: &Arguments, device: Device) -> Result<Vec<LoadedModel>> {
    let mut models: Vec<LoadedModel> = Vec::new();
    for precision in &arguments.dtype {
        let kind = precision.kind();
        // Random weights take seconds to draw, always in f32, so a model that has them is converted instead.
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

/// The arguments and what they name, once checked.
pub(super) struct Asked<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) modes: &'a [Mode],
    pub(super) parameters: &'a Parameters,
    pub(super) device: Device,
    pub(super) threads: usize,
}

impl Asked<'_> {
    /// The bench of all workloads, over models in the order of `--dtype` and the processors of the table.
    pub(super) fn bench(&self, models: &[LoadedModel], processors: Vec<Box<dyn Processor>>) -> Result<Bench> {
        let &Self { arguments, modes, parameters, device, threads } = self;
        let model = &models[0];
        let (text, tokenizer) = text(arguments, model, device)?;
        let mut forwards = Vec::new();
        for (run, &(precision, tower)) in modes.iter().enumerate() {
            let model = &models[run / arguments.tower.len()];
            for forward in build_forwards(&arguments.forward, model, tower, device)? {
                forwards.push(TimedForward { forward, precision, tower, run });
            }
        }
        let bench = Bench {
            processors,
            references: References::new(parameters, device, threads)?,
            forwards,
            text,
            tokenizer,
            batch_sizes: arguments.batch_sizes.0.clone(),
            device,
            stages: arguments.stages,
            preparers: Vec::new(),
            decoders: Decoders::new(threads)?,
            from_files: self.flows()?,
            decode: arguments.decode,
            loaders: arguments
                .dataloader
                .then(|| Loaders { workers: workers(), parameters: parameters.clone() }),
            quiet: Quiet::default(),
            settings: modes.iter().map(|mode| self.settings(mode, model)).collect(),
        };
        if !arguments.pipelined {
            return Ok(bench);
        }
        let parameters = parameters.clone();
        let make: MakeProcessor = Arc::new(move |name| {
            ensure!(!subjects::in_worker(name), "{OTHER_PROCESS}");
            processor::create(name, &parameters, device, threads)
        });
        bench.pipelined(&make)
    }

    /// The flows from files, if they are asked for.
    fn flows(&self) -> Result<Option<FromFiles>> {
        // Pillow's pixels of some files are not those of transformers' class.
        let reads_as_reference = self.arguments.images.decoder() != DecoderChoice::Pillow;
        let make = || FromFiles::new(self.parameters, self.device, self.threads, reads_as_reference);
        self.arguments.from_files.then(make).transpose()
    }

    fn settings(&self, &(precision, tower): &Mode, model: &LoadedModel) -> RunSettings {
        let Self { arguments, parameters, .. } = self;
        RunSettings {
            device: arguments.device.name().to_owned(),
            dtype: precision.to_string(),
            tower: tower.to_string(),
            model: shown_model(arguments, model),
            random_weights: model.random,
            workload: String::new(),
            threads: self.threads,
            seed: arguments.seed,
            budget_s: arguments.budget,
            max_num_patches: parameters.max_num_patches,
            patch_size: parameters.patch_size,
            pipelined_decodes: arguments.decode,
            serial_decodes: arguments.decode,
            skipped_files: Vec::new(),
        }
    }
}

/// Texts for the largest batch if the text tower runs, and the checkpoint's tokenizer if it has one.
fn text(
    arguments: &Arguments,
    model: &LoadedModel,
    device: Device,
) -> Result<(Option<TextInputs>, Option<TextTokenizer>)> {
    if !arguments.tower.contains(&Tower::Full) {
        return Ok((None, None));
    }
    let largest = arguments.batch_sizes.0.iter().copied().max().unwrap_or(1);
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

/// The name of the model in results: for a checkpoint, its folder's name.
fn shown_model(arguments: &Arguments, model: &LoadedModel) -> String {
    let folder = Path::new(&arguments.model).file_name().filter(|_| model.folder.is_some());
    folder.map_or_else(|| arguments.model.clone(), |name| name.to_string_lossy().into_owned())
}

/// The numbers of DataLoader workers to time: none, four as in many tutorials, and one per CPU.
fn workers() -> Vec<usize> {
    let mut workers = vec![0, 4, available_parallelism().map_or(1, usize::from)];
    workers.sort_unstable();
    workers.dedup();
    workers
}
