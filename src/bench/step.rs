//! The steps of a round.

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
