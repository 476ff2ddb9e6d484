//! The definition of a saved run (`run.json`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    environment::{CpuRecord, Environment},
    estimate::{Estimate, Samples},
    flows::FlowRow,
    gpu::GpuRecord,
    outcome::Outcome,
    rows::{ForwardRow, ParityStatus, ProcessorRow},
    skipped::SkippedFile,
};

/// Bumped whenever a reader of the previous version would misread a run.
pub const RUN_VERSION: u32 = 2;

/// One saved result of `bench`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Always [`RUN_VERSION`] in what this build writes.
    pub schema_version: u32,
    /// When the run began, in seconds since the Unix epoch.
    pub started_unix_s: u64,
    /// Wall-clock seconds from start to end of measuring.
    pub elapsed_s: f64,
    /// Whether something that was asked for was not measured; if so, rows may have few rounds or none.
    pub partial: bool,
    /// Why it is partial; none if it is not, or if it was saved by an older version of patchmark.
    #[serde(default)]
    pub partial_because: Option<PartialBecause>,
    /// What a reader must know to read the numbers correctly, one sentence per note.
    pub notes: Vec<String>,
    /// What the numbers depend on.
    pub environment: Environment,
    /// What was asked for.
    pub settings: RunSettings,
    /// The GPU's state in each round; none if the run did not use a GPU.
    #[serde(default)]
    pub gpu: Option<GpuRecord>,
    /// What took CPU time from the run; none in runs of older versions of patchmark.
    #[serde(default)]
    pub cpu: Option<CpuRecord>,
    /// One entry per batch size, in the order asked for.
    pub batches: Vec<Batch>,
}

/// Why a run is partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartialBecause {
    /// Ctrl-C, or a signal to terminate.
    Interrupted,
    /// The GPU stopped responding.
    DeviceLost,
    /// Measuring ended before every batch size had its first round.
    Unreached,
}

impl Run {
    /// How the command that made it ended. It failed if a processor or a flow that must equal the reference does not; it is
    /// incomplete if a processor or a flow failed or a forward has no sample.
    pub fn outcome(&self) -> Outcome {
        let rows = || self.batches.iter().flat_map(|batch| &batch.processors);
        let flows = || self.batches.iter().flat_map(|batch| &batch.flows);
        let mut forwards = self.batches.iter().flat_map(|batch| &batch.forwards);
        if rows().any(|row| row.must_equal && matches!(row.parity, ParityStatus::Differs { .. }))
            || flows().any(FlowRow::differs_wrongly)
        {
            Outcome::ParityFailed
        } else if self.partial_because == Some(PartialBecause::Interrupted) {
            Outcome::Interrupted
        } else if self.partial
            || rows().any(|row| row.failure.is_some())
            || flows().any(|row| row.failure.is_some())
            || forwards.any(|row| row.forward_ms.samples.is_empty())
        {
            Outcome::Inconclusive
        } else {
            Outcome::Done
        }
    }

    /// The forward that ratios are shown for: the first one measured.
    pub fn first_forward(&self) -> Option<&str> {
        let measured = self.batches.iter().flat_map(|batch| &batch.forwards).map(|row| row.name.as_str());
        let rows = self.batches.iter().flat_map(|batch| &batch.processors);
        let named = rows.flat_map(|row| row.ratio.keys()).map(String::as_str);
        measured.chain(named).next()
    }

    /// The largest batch that has processors; if none has, the largest batch.
    pub fn largest_batch(&self) -> Option<&Batch> {
        self.batches.iter().max_by_key(|batch| (!batch.processors.is_empty(), batch.batch_size))
    }

    /// A copy without NaN and infinity, which JSON cannot represent.
    pub(crate) fn finite(&self) -> Self {
        let mut run = self.clone();
        for batch in &mut run.batches {
            let samples =
                [Some(&mut batch.decode_ms), batch.tokenize_ms.as_mut(), batch.memory_limit_ms.as_mut()];
            samples.into_iter().flatten().for_each(Samples::mend);
            batch.flows.iter_mut().for_each(FlowRow::mend);
            for forward in &mut batch.forwards {
                forward.forward_ms.mend();
                forward.launch_ms.mend();
                forward.back_to_back_images_per_s =
                    forward.back_to_back_images_per_s.filter(Estimate::is_finite);
            }
            for row in &mut batch.processors {
                row.preprocess_ms.mend();
                row.behind_forward_ms.iter_mut().for_each(Samples::mend);
                for rates in [&mut row.ratio, &mut row.images_per_s, &mut row.pipelined_images_per_s] {
                    rates.retain(|_, estimate| estimate.is_finite());
                }
                row.speedup_over_hf = row.speedup_over_hf.filter(Estimate::is_finite);
                row.memory_limit_share = row.memory_limit_share.filter(Estimate::is_finite);
                row.stages_ms.retain(|_, ms| ms.is_finite());
            }
        }
        run
    }
}

/// The settings of a run, with defaults filled in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSettings {
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// `f32`, `bf16` or `f16`: the dtype of the forward.
    pub dtype: String,
    /// The tower: `vision` or `full`.
    pub tower: String,
    /// The model, such as `random-base` or a folder's name.
    pub model: String,
    /// Whether the weights are seeded random numbers rather than a checkpoint's.
    pub random_weights: bool,
    /// The images, such as `12 photographs, mixed sizes`.
    pub workload: String,
    /// Threads that torch may use inside an operator.
    pub threads: usize,
    /// The seed of weights, text ids and round orders.
    pub seed: u64,
    /// Seconds that measuring may take.
    pub budget_s: f64,
    /// Patches that each image is padded to.
    pub max_num_patches: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Whether the pipelined rates include decoding the files.
    #[serde(default)]
    pub pipelined_decodes: bool,
    /// Whether images per second one after the other include it too. Older versions of patchmark left decoding out there.
    #[serde(default)]
    pub serial_decodes: bool,
    /// Files that could not be decoded and were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_files: Vec<SkippedFile>,
}

/// Everything measured at one batch size. Times are milliseconds for the whole batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Images in the batch.
    pub batch_size: usize,
    /// Decoding the batch's files, one sample per round, on as many threads as the settings name (one in runs of older
    /// versions of patchmark); not part of preprocess.
    pub decode_ms: Samples,
    /// Tokenising one text per image; none if there is no tokenizer.
    pub tokenize_ms: Option<Samples>,
    /// Reading the batch's pixels once and writing as many bytes as its outputs once, on one thread.
    #[serde(default)]
    pub memory_limit_ms: Option<Samples>,
    /// One row per forward (`native`, `native-graph`, `hf`).
    pub forwards: Vec<ForwardRow>,
    /// One row per processor.
    pub processors: Vec<ProcessorRow>,
    /// One row per flow from files and number of threads; empty unless `--from-files` was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowRow>,
}
