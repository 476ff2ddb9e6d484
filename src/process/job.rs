//! What is to be processed, and with what.

use indicatif::ProgressBar;

use crate::{
    interrupt::Interrupt,
    processor::{Parameters, Processor},
    workload::EncodedImage,
};

/// Files to be processed.
pub struct Job<'a> {
    /// The files in order; at least one.
    pub files: &'a [EncodedImage],
    /// Whether bad files are left out; otherwise the first ends everything.
    pub skip_bad_files: bool,
    /// What processes them.
    pub processor: &'a dyn Processor,
    /// Whether the processor takes files that cannot be decoded to 8 bits, as transformers' own does.
    pub reads_files: bool,
    /// The processor's parameters.
    pub parameters: &'a Parameters,
    /// Threads that decode.
    pub threads: usize,
    /// Ends everything when it is set.
    pub interrupt: &'a Interrupt,
    /// Counts files.
    pub bar: &'a ProgressBar,
}
