//! Estimates how long a bench takes, from the figures of earlier runs: for planning only, never for a result.

use patchmark_results::subjects;
use tch::Device;

use super::{ForwardKind, batch::PIPELINED_MS, flows, rounds};
use crate::{
    measure::{Precision, clock},
    model::Tower,
};

/// The number of rounds taken however small the budget is.
pub const LEAST_ROUNDS: u32 = rounds::MINIMUM_ROUNDS as u32;

/// Seconds to start: to import torch and transformers and make the model's weights.
pub fn start_s(device: Device) -> f64 {
    if device.is_cuda() { 17.0 } else { 8.0 }
}

/// What the figures were measured on, to follow the word "estimated".
pub fn basis(device: Device) -> &'static str {
    if device.is_cuda() {
        "from images of 1024x768 and random-base on an NVIDIA H100 with 16 CPU cores (reports/h100)"
    } else {
        "from random-base on two cores of an Intel Xeon (reports/two-threads)"
    }
}

/// The work of one workload.
pub struct Work<'a> {
    /// Names of processors.
    pub processors: Vec<&'a str>,
    /// Batch sizes.
    pub batch_sizes: &'a [usize],
    /// Forwards of all runs.
    pub forwards: Vec<(ForwardKind, Precision, Tower)>,
    /// Whether the model is so small that a forward takes about a millisecond.
    pub tiny: bool,
    /// Whether stages are timed.
    pub stages: bool,
    /// Whether overlap is measured.
    pub pipelined: bool,
    /// Whether images per second include decoding, which is then timed in each round on a GPU too.
    pub decode: bool,
    /// The threads on which flows from files are measured besides one; none if they are not measured.
    pub flow_threads: Option<usize>,
    /// Whether torch's DataLoader is measured.
    pub dataloader: bool,
    /// The device it runs on.
    pub device: Device,
}

impl Work<'_> {
    /// Seconds per round, over all batch sizes.
    pub fn round_s(&self) -> f64 {
        self.batch_sizes.iter().map(|&size| self.round_ms(size as f64)).sum::<f64>() / 1e3
    }

    /// Seconds of everything that happens once per batch size: warming up each processor and forward, the reference
    /// that processors are compared with, decoding on a GPU, and torch's DataLoader.
    pub fn warm_up_s(&self) -> f64 {
        let once = |size: f64| {
            let processors: f64 = self.processors.iter().map(|name| self.processor_ms(name, size)).sum();
            let forwards: f64 = self.forwards.iter().map(|&forward| self.forward_ms(forward, size)).sum();
            // Feeding and comparing cost about as much as processing. On a GPU decoding is timed once.
            let decode = if self.device.is_cuda() { DECODE_MS * size } else { 0.0 };
            // The reference of flows is another call of the slowest, and comparing costs about as much as one of them.
            2.0 * processors
                + 2.0 * self.flows_ms(size)
                + 2.0 * self.processor_ms("hf", size)
                + 3.0 * forwards
                + decode
        };
        let loaders = if self.dataloader { LOADER_S * self.batch_sizes.len() as f64 } else { 0.0 };
        self.batch_sizes.iter().map(|&size| once(size as f64)).sum::<f64>() / 1e3 + loaders
    }

    fn round_ms(&self, size: f64) -> f64 {
        let sample = |ms: f64| clock::sample_ms(self.device, ms);
        let mut spent = if self.device.is_cuda() && !self.decode { 0.0 } else { DECODE_MS * size };
        // Each sample is followed by a call in which decoding is timed.
        spent += sample(self.flows_ms(size)) + self.flows_ms(size);
        for name in &self.processors {
            let ms = self.processor_ms(name, size);
            spent += sample(ms) + if self.stages { ms } else { 0.0 };
        }
        for &forward in &self.forwards {
            let ms = self.forward_ms(forward, size);
            spent += sample(ms);
            if self.pipelined {
                let slowest = |name: &&str| self.processor_ms(name, size).max(ms);
                let pipelined = |name| 2.0 * slowest(name) + PIPELINED_MS.max(2.0 * slowest(name));
                spent += PIPELINED_MS.max(2.0 * ms) + self.processors.iter().map(pipelined).sum::<f64>();
            }
        }
        spent
    }

    /// Milliseconds of one call of every flow from files with a batch; none of them is faster on a GPU, because decoding takes
    /// most of their time.
    fn flows_ms(&self, size: f64) -> f64 {
        let Some(threads) = self.flow_threads else { return 0.0 };
        let each = |threads: usize| FLOWS_MS.iter().sum::<f64>() / threads as f64;
        size * flows::counts(threads).into_iter().map(each).sum::<f64>()
    }

    /// Milliseconds of one call with a batch.
    fn processor_ms(&self, name: &str, size: f64) -> f64 {
        let (gpu, cpu) = match name {
            // How fast a user's subject is cannot be known; most are written in Python.
            name if subjects::in_worker(name) => (5.0, 5.0),
            "hf" => (1.6, 5.0),
            "hf-chw" => (0.55, 3.0),
            "hf-pil" => (10.0, 7.0),
            "naive" => (2.8, 2.3),
            "threaded" => (0.5, 1.6),
            "batched" => (0.1, 0.9),
            _ => (0.08, 0.3),
        };
        size * if self.device.is_cuda() { gpu } else { cpu }
    }

    /// Milliseconds of one forward of a batch.
    fn forward_ms(&self, (kind, precision, tower): (ForwardKind, Precision, Tower), size: f64) -> f64 {
        if self.tiny {
            return 1.0;
        }
        if !self.device.is_cuda() {
            return size * if tower == Tower::Full { 250.0 } else { 220.0 };
        }
        let least = if kind == ForwardKind::HuggingFace { 8.0 } else { 3.0 };
        let each = match precision {
            Precision::F32 => 1.35,
            Precision::Tf32 => 0.45,
            Precision::Bf16 | Precision::F16 => 0.2,
        };
        (size * each).max(least)
    }
}

/// Milliseconds to decode one photograph.
const DECODE_MS: f64 = 5.0;

/// Milliseconds of each flow from files for one photograph on one thread.
const FLOWS_MS: [f64; 4] = [12.0, 14.0, 10.0, 6.0];

/// Seconds to measure torch's DataLoader at one batch size, most of them to start workers.
const LOADER_S: f64 = 40.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn work(forwards: Vec<(ForwardKind, Precision, Tower)>) -> Work<'static> {
        Work {
            processors: vec!["hf", "fused"],
            batch_sizes: &[1, 8],
            forwards,
            tiny: false,
            stages: false,
            pipelined: false,
            decode: false,
            flow_threads: None,
            dataloader: false,
            device: Device::Cuda(0),
        }
    }

    #[test]
    fn processors_are_counted_once_for_several_settings() {
        let bf16 = (ForwardKind::Native, Precision::Bf16, Tower::Vision);
        let f32 = (ForwardKind::Native, Precision::F32, Tower::Full);
        let [none, one, both] =
            [vec![], vec![bf16], vec![bf16, f32]].map(|forwards| work(forwards).round_s());
        let f32_alone = work(vec![f32]).round_s();
        assert!(none > 0.0 && one > none);
        assert!((both - (one + f32_alone - none)).abs() < 1e-9, "{both} {one} {f32_alone} {none}");
    }

    #[test]
    fn stages_and_overlap_add_to_a_round() {
        let plain = work(vec![(ForwardKind::Native, Precision::F32, Tower::Full)]);
        let with = |stages, pipelined| Work { stages, pipelined, ..work(plain.forwards.clone()) };
        let [stages, pipelined] = [with(true, false).round_s(), with(false, true).round_s()];
        assert!(stages > plain.round_s() && pipelined > plain.round_s());
    }

    #[test]
    fn flows_from_files_add_to_a_round_and_to_the_warm_up() {
        let with = |flow_threads| Work { flow_threads, ..work(Vec::new()) };
        let [none, one, eight] = [None, Some(1), Some(8)].map(|threads| with(threads).round_s());
        assert!(none < one && one < eight && eight < 2.0 * one, "{none} {one} {eight}");
        assert!(with(Some(1)).warm_up_s() > with(None).warm_up_s());
    }
}
