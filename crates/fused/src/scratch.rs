//! Buffers that a thread keeps between images.

use crate::kernels::Term;

/// One cache line, which is also one vector of the widest kind.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [u32; 16]);

/// Buffers that grow to what the largest image so far needed, and are then reused. Every thread has its own.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The ring of resized rows between the passes.
    pub(crate) ring: Vec<Line>,
    /// A finished row that cannot be written to its patches directly.
    pub(crate) row: Vec<Line>,
    /// The groups that the current output row is summed from, with their weights.
    pub(crate) terms: Vec<Term>,
    /// Copies of source rows that are shorter than a window.
    pub(crate) staging: Vec<Line>,
}

impl Scratch {
    /// Empty buffers. Processing the first image allocates their memory.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Grows `lines` to at least `dwords` dwords and returns a pointer to the first.
pub(crate) fn reserve(lines: &mut Vec<Line>, dwords: usize) -> *mut u32 {
    let needed = dwords.div_ceil(16);
    if lines.len() < needed {
        lines.resize(needed, Line([0; 16]));
    }
    lines.as_mut_ptr().cast()
}
