//! The samples of one batch size of a bench, before anything is computed from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rows::ParityStatus;

/// What was measured at one batch size. A run's rows are computed from it; a journal saves what each step added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchSamples {
    /// Images in the batch.
    pub batch_size: usize,
    /// Why the batch size could not be warmed up; it then has no sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Milliseconds for decoding the batch's files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decode_ms: Vec<f64>,
    /// Milliseconds for tokenising one text per image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokenize_ms: Vec<f64>,
    /// Milliseconds for reading the pixels once and writing as many bytes as the outputs have once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub memory_limit_ms: Vec<f64>,
    /// One entry per processor, in the order of the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processors: Vec<ProcessorSamples>,
    /// One entry per forward, in the bench's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forwards: Vec<ForwardSamples>,
    /// One entry per flow from files, in the order of the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowSamples>,
}

impl BatchSamples {
    /// As many processors, forwards and flows, without a sample: what a step may add to.
    #[must_use]
    pub fn without_samples(&self) -> Self {
        Self {
            batch_size: self.batch_size,
            processors: vec![ProcessorSamples::default(); self.processors.len()],
            forwards: vec![ForwardSamples::default(); self.forwards.len()],
            flows: vec![FlowSamples::default(); self.flows.len()],
            ..Self::default()
        }
    }

    /// Adds what was measured later.
    pub fn extend(&mut self, later: Self) {
        self.batch_size = later.batch_size;
        self.failure = later.failure.or(self.failure.take());
        self.decode_ms.extend(later.decode_ms);
        self.tokenize_ms.extend(later.tokenize_ms);
        self.memory_limit_ms.extend(later.memory_limit_ms);
        each(&mut self.processors, later.processors, ProcessorSamples::extend);
        each(&mut self.forwards, later.forwards, ForwardSamples::extend);
        each(&mut self.flows, later.flows, FlowSamples::extend);
    }

    /// The largest number of samples that a processor, a forward or a flow has: the rounds that were begun.
    pub fn rounds(&self) -> usize {
        let processors = self.processors.iter().map(|samples| samples.preprocess_ms.len());
        let forwards = self.forwards.iter().map(|samples| samples.forward_ms.len());
        let flows = self.flows.iter().map(|samples| samples.total_ms.len());
        processors.chain(forwards).chain(flows).max().unwrap_or(0)
    }
}

/// Extends each entry with the later one at its place; a place that did not exist begins with the later one.
fn each<T: Default>(entries: &mut Vec<T>, later: Vec<T>, extend: impl Fn(&mut T, T)) {
    entries.resize_with(entries.len().max(later.len()), T::default);
    entries.iter_mut().zip(later).for_each(|(entry, later)| extend(entry, later));
}

/// A processor's samples at one batch size; it gets no more after it fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessorSamples {
    /// Milliseconds of preprocess.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preprocess_ms: Vec<f64>,
    /// The same right behind a forward.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub behind_forward_ms: Vec<f64>,
    /// The same by the GPU's clock; empty on a CPU.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_ms: Vec<f64>,
    /// Milliseconds by stage, of separate passes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stages_ms: BTreeMap<String, Vec<f64>>,
    /// Images per second beside each forward, in the bench's order; empty unless overlap is measured.
    #[serde(skip_serializing_if = "nothing")]
    pub pipelined_images_per_s: Vec<Vec<f64>>,
    /// Why overlap is no longer measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_failure: Option<String>,
    /// Why stages are no longer timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_failure: Option<String>,
    /// How its outputs compare with the reference's; none before they were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityStatus>,
    /// Why it gets no more samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

fn nothing(samples: &[Vec<f64>]) -> bool {
    samples.iter().all(Vec::is_empty)
}

impl ProcessorSamples {
    fn extend(&mut self, later: Self) {
        self.preprocess_ms.extend(later.preprocess_ms);
        self.behind_forward_ms.extend(later.behind_forward_ms);
        self.device_ms.extend(later.device_ms);
        for (stage, samples) in later.stages_ms {
            self.stages_ms.entry(stage).or_default().extend(samples);
        }
        each(&mut self.pipelined_images_per_s, later.pipelined_images_per_s, Vec::extend);
        self.pipeline_failure = later.pipeline_failure.or(self.pipeline_failure.take());
        self.stage_failure = later.stage_failure.or(self.stage_failure.take());
        self.parity = later.parity.or(self.parity.take());
        self.failure = later.failure.or(self.failure.take());
    }

    /// Adds images per second beside the forward at `index`.
    pub fn add_pipelined(&mut self, index: usize, images_per_s: f64) {
        let lanes = &mut self.pipelined_images_per_s;
        lanes.resize_with(lanes.len().max(index + 1), Vec::new);
        lanes[index].push(images_per_s);
    }

    /// Images per second beside the forward at `index`.
    pub fn pipelined(&self, index: usize) -> &[f64] {
        self.pipelined_images_per_s.get(index).map_or(&[], Vec::as_slice)
    }
}

/// A forward's samples at one batch size; it gets no more after it fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForwardSamples {
    /// Milliseconds until the device had finished.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forward_ms: Vec<f64>,
    /// Milliseconds until the call returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub launch_ms: Vec<f64>,
    /// Images per second with nothing between two passes; empty unless overlap is measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub back_to_back_images_per_s: Vec<f64>,
    /// Milliseconds by the GPU's clock; empty on a CPU.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_ms: Vec<f64>,
    /// Milliseconds that transformers' forward spends on resampling positions image by image, and of the whole forward;
    /// empty unless stages are timed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positions_ms: Vec<(f64, f64)>,
    /// Why `positions_ms` gets no more samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_failure: Option<String>,
    /// Why it gets no more samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl ForwardSamples {
    fn extend(&mut self, later: Self) {
        self.forward_ms.extend(later.forward_ms);
        self.launch_ms.extend(later.launch_ms);
        self.back_to_back_images_per_s.extend(later.back_to_back_images_per_s);
        self.device_ms.extend(later.device_ms);
        self.positions_ms.extend(later.positions_ms);
        self.stage_failure = later.stage_failure.or(self.stage_failure.take());
        self.failure = later.failure.or(self.failure.take());
    }
}

/// A flow's samples at one batch size; it gets no more after it fails.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowSamples {
    /// Milliseconds from files to tensors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub total_ms: Vec<f64>,
    /// Of calls of their own: milliseconds of decoding, and of the whole call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decoding_ms: Vec<(f64, f64)>,
    /// Whether its decoder gave the pixels of the reference; none before they were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub must_equal: Option<bool>,
    /// How its outputs compare with the reference's; none before they were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityStatus>,
    /// Why it gets no more samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl FlowSamples {
    fn extend(&mut self, later: Self) {
        self.total_ms.extend(later.total_ms);
        self.decoding_ms.extend(later.decoding_ms);
        self.must_equal = later.must_equal.or(self.must_equal);
        self.parity = later.parity.or(self.parity.take());
        self.failure = later.failure.or(self.failure.take());
    }
}
