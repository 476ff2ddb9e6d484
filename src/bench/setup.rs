//! What all workloads and all batch sizes of a bench share.

use anyhow::Result;
use patchmark_results::RunSettings;
use tch::Device;

use super::{
    forwards::TimedForward,
    pipeline::{MakeProcessor, Preparer},
    step::Step,
};
use crate::{
    model::{TextInputs, TextTokenizer},
    processor::{Parameters, Processor, References},
};

/// What a bench of loaders needs to know.
#[derive(Debug, Clone)]
pub struct Loaders {
    /// Worker processes, one row per number; 0 for none.
    pub workers: Vec<usize>,
    /// What `hf` computes.
    pub parameters: Parameters,
}

/// Everything that a bench needs but the images. It is built once, and measures one workload after another.
pub struct Bench {
    /// The processors, in the order of the table.
    pub processors: Vec<Box<dyn Processor>>,
    /// What outputs are compared with.
    pub references: References,
    /// The forwards of all runs; the first of a run is the one that its charts show.
    pub forwards: Vec<TimedForward>,
    /// Texts for the full model, one per row, at least as many as the largest batch.
    pub text: Option<TextInputs>,
    /// The checkpoint's tokenizer, if it has one.
    pub tokenizer: Option<TextTokenizer>,
    /// Batch sizes in the order of the table.
    pub batch_sizes: Vec<usize>,
    /// Where the forward runs.
    pub device: Device,
    /// Whether the time of each stage is taken too, in passes of their own.
    pub stages: bool,
    /// Prepare batches beside the forward, one per processor; empty unless overlap is measured.
    pub preparers: Vec<Preparer>,
    /// Whether they also decode the stored images, which then must be of the workload's sizes.
    pub decode: bool,
    /// torch's DataLoader as rows of its own, measured after the rounds; none unless it was asked for.
    pub loaders: Option<Loaders>,
    /// What was asked for, as it is saved, but for the images: one run is made of each. They differ in the forward's
    /// dtype and tower only; at least one.
    pub settings: Vec<RunSettings>,
}

impl Bench {
    /// Lets overlap be measured, with the processors that `make` makes in threads of their own.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn pipelined(mut self, make: &MakeProcessor) -> Result<Self> {
        let start = |name| Preparer::start(name, self.device, make.clone(), self.threads());
        let names = self.processors.iter().map(|processor| processor.name());
        self.preparers = names.map(start).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Threads that a processor may use.
    pub(super) fn threads(&self) -> usize {
        self.settings[0].threads
    }

    /// The name of the forward at `index` in messages.
    pub(super) fn label(&self, index: usize) -> String {
        self.forwards[index].label(self.settings.len() > 1)
    }

    /// Every step of a batch size in a round, in no order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Decode];
        // What one thread of a CPU reaches says nothing of a GPU.
        steps.extend((!self.device.is_cuda()).then_some(Step::MemoryLimit));
        steps.extend(self.tokenizer.as_ref().map(|_| Step::Tokenize));
        steps.extend((0..self.processors.len()).map(Step::Processor));
        steps.extend((0..self.forwards.len()).map(Step::Forward));
        if !self.preparers.is_empty() {
            steps.extend((0..self.forwards.len()).map(Step::BackToBack));
        }
        for processor in 0..self.preparers.len() {
            steps.extend((0..self.forwards.len()).map(|forward| Step::Pipelined(processor, forward)));
        }
        steps
    }
}
