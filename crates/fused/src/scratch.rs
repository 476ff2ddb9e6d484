//! Memory that a thread keeps between images.

use crate::kernels::Term;

/// A cache line, and a vector of the widest kind.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [u32; 16]);

/// Buffers that grow to what the largest image so far needed and are reused after it. One a thread.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The ring of resized rows between the passes.
    pub(crate) ring: Vec<Line>,
    /// A finished row on its way to the patches, where it cannot be written there directly.
    pub(crate) row: Vec<Line>,
    /// What the current output row is summed from.
    pub(crate) terms: Vec<Term>,
    /// Copies of source rows that are shorter than a vector.
    pub(crate) staging: Vec<Line>,
}

impl Scratch {
    /// Buffers without memory; the first image allocates it.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Makes `lines` hold at least `dwords` dwords and returns where they start.
pub(crate) fn reserve(lines: &mut Vec<Line>, dwords: usize) -> *mut u32 {
    let needed = dwords.div_ceil(16);
    if lines.len() < needed {
        lines.resize(needed, Line([0; 16]));
    }
    lines.as_mut_ptr().cast()
}
