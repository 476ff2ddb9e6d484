//! The steps of a round at each batch size, and what all batch sizes share.

use tch::Device;

use super::{forwards::TimedForward, pipeline::Preparer};
use crate::{
    model::TextTokenizer,
    processor::{Processor, References},
};

/// One thing that a round times once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Processor(usize),
    Forward(usize),
    /// A forward time after time, for pipelined rates to be held against.
    BackToBack(usize),
    /// A processor that prepares batches for a forward.
    Pipelined(usize, usize),
    Decode,
    Tokenize,
    MemoryLimit,
}

impl Step {
    /// Whether a GPU works at it as it does in use.
    pub(super) fn is_forward(self) -> bool {
        matches!(self, Self::Forward(_) | Self::BackToBack(_) | Self::Pipelined(..))
    }
}

/// The things that batches of all sizes share.
pub(super) struct Shared<'a> {
    pub(super) processors: &'a [Box<dyn Processor>],
    pub(super) forwards: &'a [TimedForward],
    pub(super) references: &'a References,
    pub(super) tokenizer: Option<&'a TextTokenizer>,
    /// One a processor, where overlap is measured; else empty.
    pub(super) preparers: Vec<Preparer>,
    /// Whether they decode.
    pub(super) decode: bool,
    pub(super) device: Device,
    pub(super) stages: bool,
    /// Threads that a processor may use.
    pub(super) threads: usize,
    /// Runs that are measured together.
    pub(super) runs: usize,
}

impl Shared<'_> {
    /// The name of the forward at `index` in messages.
    pub(super) fn label(&self, index: usize) -> String {
        self.forwards[index].label(self.runs > 1)
    }

    /// Every step of a batch size in a round, in no order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Decode];
        // What one thread of a CPU reaches says nothing of a GPU.
        steps.extend((!self.device.is_cuda()).then_some(Step::MemoryLimit));
        steps.extend(self.tokenizer.map(|_| Step::Tokenize));
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
