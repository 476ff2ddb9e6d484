//! The weights of the two passes of a resize, arranged for one layout and one kind of kernel.

use crate::{
    Layout,
    axis::Axis,
    kind::KernelKind,
    program::Program,
    tables::{pairs::PairStep, quads::QuadStep},
};

/// The horizontal pass. For the portable kernel, which reads the axis itself, everything else is empty.
#[derive(Debug)]
pub(crate) struct Horizontal {
    pub axis: Axis,
    /// Lanes that share an output sample.
    pub replicas: usize,
    /// Steps of every block.
    pub steps: usize,
    /// First output sample of each block. Pair kernels process two blocks at a time, so they have an even
    /// number.
    pub outputs: Vec<u32>,
    /// First source byte of each window, block by block and step by step. For pair kernels, both blocks of a
    /// pair have their windows side by side in each step.
    pub offsets: Vec<u32>,
    /// The most cache lines from the start of one block's source to the start of the next block's.
    pub lines: usize,
    /// Tables of the 16-lane kernel; empty for other kernels.
    pub quads: Vec<QuadStep>,
    /// Tables of the pair kernels; empty for other kernels.
    pub pairs: Vec<PairStep>,
}

impl Horizontal {
    pub fn new(axis: Axis, layout: Layout, kernel: KernelKind) -> Self {
        let Some(shape) = kernel.shape(layout) else {
            return Self {
                axis,
                replicas: 1,
                steps: 0,
                outputs: Vec::new(),
                offsets: Vec::new(),
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
                // The last block is processed twice and writes the same samples again.
                outputs.extend(outputs.last().copied());
            }
        }
        let starts = offsets.iter().step_by(offsets.len() / quads.len().max(pairs.len()) * steps);
        let advance = starts.clone().zip(starts.skip(1)).map(|(from, to)| to - from).max().unwrap_or(0);
        let lines = advance.div_ceil(64).max(1) as usize;
        Self { axis, replicas, steps, outputs, offsets, lines, quads, pairs }
    }
}

/// The vertical pass: each output row is a weighted sum of consecutive groups of rows.
#[derive(Debug)]
pub(crate) struct Vertical {
    pub axis: Axis,
    /// Output row `i` is the sum over `entries[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    /// The weights of each group of rows: the high and the low bytes of four weights, or two 16-bit weights
    /// and zero.
    entries: Vec<[u32; 2]>,
    /// Groups that the ring must hold: those of the output row that spans the most, plus those that one call
    /// of the horizontal pass may make beyond them.
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

    /// The weights of the groups that output row `i` is summed from.
    #[inline]
    pub fn entries_of(&self, i: usize) -> &[[u32; 2]] {
        &self.entries[self.starts[i] as usize..self.starts[i + 1] as usize]
    }
}
