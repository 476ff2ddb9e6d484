//! What all workloads and batch sizes of a bench share.

use anyhow::Result;
use patchmark_results::{
    RunSettings,
    journal::{FlowSubject, ForwardSubject, ProcessorSubject, Subjects},
};
use tch::Device;

use super::{
    decoders::Decoders,
    flows::{Flow, FromFiles},
    forwards::TimedForward,
    pipeline::{MakeProcessor, Preparer},
    step::Step,
};
use crate::{
    measure::Quiet,
    model::{TextInputs, TextTokenizer},
    processor::{Elsewhere, Parameters, Processor, REFERENCE, References, must_equal_reference},
};

/// How torch's `DataLoader` is measured.
#[derive(Debug, Clone)]
pub struct Loaders {
    /// Numbers of worker processes, one row each; with 0 the bench's own process does the work.
    pub workers: Vec<usize>,
    /// The parameters of `hf`.
    pub parameters: Parameters,
}

/// Everything that a bench needs except the images. It is built once and measures one workload after another.
pub struct Bench {
    /// The processors, in the order of the table.
    pub processors: Vec<Box<dyn Processor>>,
    /// What outputs are compared with.
    pub references: References,
    /// The forwards of all runs; a run's charts show its first.
    pub forwards: Vec<TimedForward>,
    /// Texts for the full model, one per row, at least as many as the largest batch.
    pub text: Option<TextInputs>,
    /// The checkpoint's tokenizer, if it has one.
    pub tokenizer: Option<TextTokenizer>,
    /// Batch sizes in the order of the table.
    pub batch_sizes: Vec<usize>,
    /// Where the forward runs.
    pub device: Device,
    /// Whether stages are timed too, in separate passes.
    pub stages: bool,
    /// The threads that prepare batches during the forward, one per processor; empty unless overlap is measured.
    pub preparers: Vec<Preparer>,
    /// The threads that decode when decoding is timed, as many as a processor may use.
    pub decoders: Decoders,
    /// The flows from files, which need a workload of files with their own sizes; none unless requested.
    pub from_files: Option<FromFiles>,
    /// Whether the preparers also decode the stored images, which must then have the workload's sizes.
    pub decode: bool,
    /// torch's DataLoader, which has its own rows and is measured after the rounds; `None` unless requested.
    pub loaders: Option<Loaders>,
    /// What is waited for before each sample.
    pub quiet: Quiet,
    /// The settings as they are saved, except the images: at least one, each of which makes one run. They differ only
    /// in the forward's dtype and tower.
    pub settings: Vec<RunSettings>,
}

impl Bench {
    /// Measures overlap too: starts one thread per processor, in which `make` makes that processor again.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn pipelined(mut self, make: &MakeProcessor) -> Result<Self> {
        let start = |name| Preparer::start(name, self.device, make.clone(), self.threads());
        let names = self.processors.iter().map(|processor| processor.name());
        self.preparers = names.map(start).collect::<Result<_>>()?;
        Ok(self)
    }

    /// What is timed, as a journal saves it.
    pub(super) fn subjects(&self) -> Subjects {
        let processor = |processor: &dyn Processor| ProcessorSubject {
            name: processor.name().into(),
            feed: processor.feed().to_string(),
            must_equal: must_equal_reference(processor.name()),
            is_reference: processor.name() == REFERENCE,
        };
        let forward =
            |timed: &TimedForward| ForwardSubject { name: timed.forward.name().into(), run: timed.run };
        let flow = |flow: &dyn Flow| FlowSubject { name: flow.name().into(), threads: flow.threads() };
        let flows = self.from_files.iter().flat_map(|from_files| &from_files.flows);
        Subjects {
            processors: self.processors.iter().map(|own| processor(own.as_ref())).collect(),
            forwards: self.forwards.iter().map(forward).collect(),
            tokenizes: self.tokenizer.is_some(),
            flows: flows.map(|own| flow(own.as_ref())).collect(),
        }
    }

    /// The processors that run in other processes.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &dyn Elsewhere> {
        self.processors.iter().filter_map(|processor| processor.elsewhere())
    }

    /// Those processes.
    pub(super) fn processes(&self) -> Vec<u32> {
        self.elsewhere().flat_map(Elsewhere::processes).collect()
    }

    /// Threads that a processor may use.
    pub(super) fn threads(&self) -> usize {
        self.settings[0].threads
    }

    /// The name of the forward at `index` in messages.
    pub(super) fn label(&self, index: usize) -> String {
        self.forwards[index].label(self.settings.len() > 1)
    }

    /// Every step of a batch size in a round, in no particular order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Decode];
        // The limit of one CPU thread says nothing about a GPU.
        steps.extend((!self.device.is_cuda()).then_some(Step::MemoryLimit));
        steps.extend(self.tokenizer.as_ref().map(|_| Step::Tokenize));
        let flows = self.from_files.as_ref().map_or(0, |from_files| from_files.flows.len());
        steps.extend((0..flows).map(Step::Flow));
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
