//! The horizontal weights, arranged for vectors in which each dword lane sums four neighbouring taps of one
//! output sample.
//!
//! A block is one vector of lanes. Each of its steps loads one window of consecutive source bytes and
//! permutes four of them into every lane. If output samples have few taps, each lane computes one sample. If
//! they have many, neighbouring samples lie too far apart for one window; then 2 or 4 lanes (`replicas`)
//! share a sample, and their sums are added at the end.

use crate::axis::Axis;

/// Taps in a lane.
pub(crate) const LANE_TAPS: usize = 4;

/// Marks an unused tap. As a permutation index it yields zero, or a byte whose weight is zero.
pub(crate) const NO_TAP: u8 = 0x80;

/// The dimensions of the vectors and of the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Bytes per window.
    pub window: usize,
    /// Lanes per block.
    pub lanes: usize,
    /// Bytes from one source pixel to the next.
    pub pitch: usize,
    /// Channels per pixel of the output row.
    pub channels: usize,
}

/// A horizontal pass as blocks of steps. All fields are in the order of blocks.
#[derive(Debug)]
pub(crate) struct Program {
    /// Lanes that share an output: 1, 2 or 4. Lane `j * lanes / replicas + k` holds part `j` of output `k`.
    pub replicas: usize,
    /// Steps of every block.
    pub steps: usize,
    /// First output sample of each block, ascending. Lanes whose sample belongs to the next block are unused.
    pub outputs: Vec<u32>,
    /// First source byte of each step's window. Windows end inside the row; if the row is shorter than a
    /// window, the offset is 0.
    pub offsets: Vec<u32>,
    /// Permutation index of each step, lane and tap: a byte inside the window, or [`NO_TAP`].
    pub index: Vec<u8>,
    /// Weight of each step, lane and tap.
    pub weights: Vec<i16>,
}

impl Program {
    /// Arranges `axis` with the number of replicas that causes the least work.
    pub fn new(axis: &Axis, shape: Shape) -> Self {
        let (_, replicas, outputs) = [1, 2, 4]
            .into_iter()
            // The taps of one output in a step must fit into a window.
            .filter(|r| (LANE_TAPS * r - 1) * shape.pitch < shape.window)
            .map(|replicas| {
                let outputs = partition(axis, shape, replicas);
                let steps = axis.taps.div_ceil(LANE_TAPS * replicas);
                (outputs.len() * (4 * steps + 3 + 2 * replicas.ilog2() as usize), replicas, outputs)
            })
            .min_by_key(|(cost, replicas, _)| (*cost, *replicas))
            .expect("four taps of one output always fit a window");
        let steps = axis.taps.div_ceil(LANE_TAPS * replicas);
        let slots = outputs.len() * steps;
        let mut program = Self {
            replicas,
            steps,
            outputs,
            offsets: Vec::with_capacity(slots),
            index: vec![NO_TAP; slots * shape.lanes * LANE_TAPS],
            weights: vec![0; slots * shape.lanes * LANE_TAPS],
        };
        program.fill(axis, shape);
        program
    }

    fn fill(&mut self, axis: &Axis, shape: Shape) {
        let samples = axis.output() * shape.channels;
        let group = shape.lanes / self.replicas;
        // A window never reaches beyond its row, except in rows that are shorter than a window, which are
        // staged.
        let furthest = (axis.input * shape.pitch).saturating_sub(shape.window);
        let step_size = shape.lanes * LANE_TAPS;
        for block in 0..self.outputs.len() {
            let start = self.outputs[block] as usize;
            let end = self.outputs.get(block + 1).map_or(samples, |&next| next as usize);
            for step in 0..self.steps {
                let low = (start..end)
                    .filter_map(|sample| Span::new(axis, shape, self.replicas, sample, step))
                    .map(|span| span.low)
                    .min();
                let offset = low.unwrap_or(0).min(furthest);
                self.offsets.push(offset as u32);
                let base = (block * self.steps + step) * step_size;
                for (k, sample) in (start..end).enumerate() {
                    let (pixel, channel) = (sample / shape.channels, sample % shape.channels);
                    let (first, count) = (axis.first[pixel] as usize, axis.count[pixel] as usize);
                    let weights = axis.weights(pixel);
                    for part in 0..self.replicas {
                        let tap = (step * self.replicas + part) * LANE_TAPS;
                        let lane = base + (part * group + k) * LANE_TAPS;
                        let taps = tap.min(count)..count.min(tap + LANE_TAPS);
                        for (k, &weight) in weights[taps].iter().enumerate() {
                            let byte = (first + tap + k) * shape.pitch + channel - offset;
                            debug_assert!(byte < shape.window);
                            self.index[lane + k] = byte as u8;
                            self.weights[lane + k] = weight;
                        }
                    }
                }
            }
        }
    }
}

/// The first and the last source byte that a sample depends on in one step.
struct Span {
    low: usize,
    high: usize,
}

impl Span {
    fn new(axis: &Axis, shape: Shape, replicas: usize, sample: usize, step: usize) -> Option<Self> {
        let (pixel, channel) = (sample / shape.channels, sample % shape.channels);
        let taps = replicas * LANE_TAPS;
        let (first, count) = (axis.first[pixel] as usize, axis.count[pixel] as usize);
        let start = step * taps;
        let end = count.min(start + taps);
        (start < end).then(|| Self {
            low: (first + start) * shape.pitch + channel,
            high: (first + end - 1) * shape.pitch + channel,
        })
    }
}

/// The first sample of each block. Every block takes as many samples as its lanes and windows can hold.
fn partition(axis: &Axis, shape: Shape, replicas: usize) -> Vec<u32> {
    let samples = axis.output() * shape.channels;
    let (group, steps) = (shape.lanes / replicas, axis.taps.div_ceil(LANE_TAPS * replicas));
    let mut outputs = Vec::with_capacity(samples / group + 1);
    let mut start = 0;
    while start < samples {
        outputs.push(start as u32);
        let mut end = samples.min(start + group);
        for step in 0..steps {
            let (mut low, mut high) = (usize::MAX, 0);
            for sample in start..end {
                let Some(span) = Span::new(axis, shape, replicas, sample, step) else { continue };
                (low, high) = (low.min(span.low), high.max(span.high));
                if high - low >= shape.window {
                    end = sample;
                    break;
                }
            }
        }
        debug_assert!(end > start);
        start = end;
    }
    outputs
}
