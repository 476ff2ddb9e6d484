//! The steps of a round.

/// One thing that each round samples once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Processor(usize),
    Forward(usize),
    /// A forward back to back, for comparison with pipelined rates.
    BackToBack(usize),
    /// A processor that prepares batches while a forward runs.
    Pipelined(usize, usize),
    Decode,
    /// From files to model inputs.
    Flow(usize),
    Tokenize,
    MemoryLimit,
}

impl Step {
    /// Whether it runs a forward, so that it loads a GPU as real use does.
    pub(super) fn is_forward(self) -> bool {
        matches!(self, Self::Forward(_) | Self::BackToBack(_) | Self::Pipelined(..))
    }
}
