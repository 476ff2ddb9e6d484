//! The two passes of a resize: the weights of each, arranged for one layout and one kind of kernel.

use crate::{
    Layout,
    axis::Axis,
    kind::KernelKind,
    program::Program,
    tables::{pairs::PairStep, quads::QuadStep},
};

/// The horizontal pass.
#[derive(Debug)]
pub(crate) struct Horizontal {
    pub axis: Axis,
    /// Lanes that share an output.
    pub replicas: usize,
    /// Steps of a block.
    pub steps: usize,
    /// First sample of each block. Pair kernels take two blocks at a time, so theirs are even in number.
    pub outputs: Vec<u32>,
    /// First byte of each window: a block's steps one after another (for pairs, both blocks' in each step).
    pub offsets: Vec<u32>,
    /// Cache lines from the start of a block's source to the start of the next one's, at most.
    pub lines: usize,
    /// Tables of the 16-lane kernels; empty for others.
    pub quads: Vec<QuadStep>,
    /// Tables of the pair kernels; empty for others.
    pub pairs: Vec<PairStep>,
}

impl Horizontal {
    pub fn new(axis: Axis, layout: Layout, kernel: KernelKind) -> Self {
        let Some(shape) = kernel.shape(layout) else {
            let none = Vec::new;
            return Self {
                axis,
                replicas: 1,
                steps: 0,
                outputs: none(),
                offsets: none(),
                lines: 0,
                quads: Vec::new(),
                pairs: Vec::new(),
            };
        };
        let Program { replicas, steps, mut outputs, mut offsets, index, weights } =
            Program::new(&axis, shape);
        let (mut quads, mut pairs) = (Vec::new(), Vec::new());
        if kernel == KernelKind::Vnni {
            quads = QuadStep::table(&index, &weights);
        } else {
            (pairs, offsets) = PairStep::table(&index, &weights, &offsets, steps);
            if outputs.len() % 2 == 1 {
                // The last block is done twice, which writes the same samples again.
                outputs.extend(outputs.last().copied());
            }
        }
        let starts = offsets.iter().step_by(offsets.len() / quads.len().max(pairs.len()) * steps);
        let advance = starts.clone().zip(starts.skip(1)).map(|(from, to)| to - from).max().unwrap_or(0);
        let lines = advance.div_ceil(64).max(1) as usize;
        Self { axis, replicas, steps, outputs, offsets, lines, quads, pairs }
    }
}

/// The vertical pass: output row `i` is the sum over `entries[starts[i]..starts[i + 1]]`.
#[derive(Debug)]
pub(crate) struct Vertical {
    pub axis: Axis,
    pub starts: Vec<u32>,
    /// For each group of rows its weights: high and low bytes of four, or two 16-bit weights and nothing.
    pub entries: Vec<[u32; 2]>,
    /// Groups of rows that must be kept: the most that an output row spans, and those made in one go.
    pub slots: usize,
}

impl Vertical {
    pub fn new(axis: Axis, kernel: KernelKind) -> Self {
        let group = kernel.group();
        let mut starts = Vec::with_capacity(axis.output() + 1);
        let mut entries = Vec::new();
        let mut most = 0;
        starts.push(0);
        for i in 0..axis.output() {
            let (first, weights) = (axis.first[i] as usize, axis.weights(i));
            let end = first + axis.count[i] as usize;
            let (from, to) = (first / group, (end - 1) / group + 1);
            entries.extend((from..to).map(|g| {
                let weight = |k: usize| {
                    let row = g * group + k;
                    if (first..end).contains(&row) { weights[row - first] } else { 0 }
                };
                kernel.row_weights(weight)
            }));
            most = most.max(to - from);
            starts.push(entries.len() as u32);
        }
        let slots = most + kernel.groups() - 1;
        Self { axis, starts, entries, slots }
    }
}
