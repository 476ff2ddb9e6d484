//! Turns the samples of a batch size into a run's rows and notes.

use std::collections::BTreeMap;

use patchmark_results::{Batch, Estimate, ForwardRow, ProcessorRow, Samples};
use patchmark_statistics::bootstrap as statistics;

use super::{
    batch::BatchUnderTest,
    rounds::Intervals,
    samples::{Passes, Preprocess},
    setup::Bench,
};
use crate::processor::{Processor, REFERENCE, must_equal_reference};

impl BatchUnderTest<'_> {
    /// How wide the intervals of this batch's ratios are.
    pub(super) fn intervals(&self) -> Intervals {
        let measured = || self.forwards.iter().filter(|passes| passes.failure.is_none());
        self.processors
            .iter()
            .filter(|row| row.failure.is_none())
            .flat_map(|row| measured().map(|passes| ratio(&row.samples, &passes.synchronized)))
            .map(|ratio| match ratio {
                Some(ratio) => Intervals::Widest((ratio.high - ratio.low) / (2.0 * ratio.median)),
                None => Intervals::TooFew,
            })
            .fold(Intervals::NoRatio, Intervals::with)
    }

    /// The summary of all samples, for run number `run`.
    pub(super) fn finish(&self, bench: &Bench, run: usize) -> Batch {
        let hf = bench
            .processors
            .iter()
            .zip(&self.processors)
            .find(|(processor, row)| processor.name() == REFERENCE && row.failure.is_none())
            .map(|(_, row)| row.samples.as_slice());
        let rows = bench.processors.iter().zip(&self.processors);
        Batch {
            batch_size: self.size(),
            decode_ms: summarized(&self.decode),
            memory_limit_ms: (!self.limit_ms.is_empty()).then(|| summarized(&self.limit_ms)),
            tokenize_ms: bench.tokenizer.as_ref().map(|_| summarized(&self.tokenize)),
            forwards: self
                .forwards_of(bench, run)
                .map(|(timed, passes)| ForwardRow {
                    name: timed.forward.name().into(),
                    forward_ms: summarized(&passes.synchronized),
                    launch_ms: summarized(&passes.launch),
                    back_to_back_images_per_s: statistics::estimate(&passes.back_to_back),
                })
                .collect(),
            processors: rows
                .map(|(processor, row)| self.processor_row(bench, run, processor.as_ref(), row, hf))
                .collect(),
        }
    }

    fn processor_row(
        &self,
        bench: &Bench,
        run: usize,
        processor: &dyn Processor,
        row: &Preprocess,
        hf: Option<&[f64]>,
    ) -> ProcessorRow {
        let named = |combine: &dyn Fn(usize, &Passes) -> Option<Estimate>| -> BTreeMap<String, Estimate> {
            let forwards = bench.forwards.iter().zip(&self.forwards).enumerate();
            forwards
                .filter(|(_, (timed, _))| timed.run == run)
                .filter_map(|(index, (timed, passes))| {
                    Some((timed.forward.name().to_owned(), combine(index, passes)?))
                })
                .collect()
        };
        let images = self.size() as f64;
        ProcessorRow {
            name: processor.name().into(),
            feed: processor.feed().to_string(),
            preprocess_ms: summarized(&row.samples),
            ratio: named(&|_, passes| ratio(&row.samples, &passes.synchronized)),
            images_per_s: named(&|_, passes| {
                statistics::paired(&row.samples, &passes.synchronized, |preprocess, forward| {
                    images * 1e3 / (preprocess + forward)
                })
            }),
            pipelined_images_per_s: named(&|index, _| statistics::estimate(&row.pipelined[index])),
            memory_limit_share: (!bench.device.is_cuda() && bench.threads() == 1)
                .then(|| statistics::paired(&self.limit_ms, &row.samples, |limit, own| limit / own))
                .flatten(),
            speedup_over_hf: hf.and_then(|hf| statistics::paired(hf, &row.samples, |hf, own| hf / own)),
            stages_ms: row
                .stages
                .iter()
                .map(|(stage, samples)| (stage.name().into(), statistics::median(samples)))
                .collect(),
            must_equal: must_equal_reference(processor.name()),
            parity: row.parity.clone(),
            failure: row.failure.clone(),
        }
    }

    /// Sentences for the run's notes: what ended early or could not be timed, what the GPU's clock says, and how long
    /// transformers' forward spends on resampling positions.
    pub(super) fn notes(&self, bench: &Bench, run: usize) -> Vec<String> {
        let size = self.size();
        let mut notes = Vec::new();
        for (timed, passes) in self.forwards_of(bench, run) {
            let name = timed.forward.name();
            if let Some(reason) = &passes.failure {
                notes.push(format!("batch {size}: the {name} forward ended early: {reason}"));
            }
            if let Some(reason) = &passes.stage_failure {
                notes.push(format!(
                    "batch {size}: the stages of the {name} forward could not be timed: {reason}"
                ));
            }
            notes.extend(clocks(size, &format!("the {name} forward"), &passes.synchronized, &passes.device));
            let (positions, whole): (Vec<f64>, Vec<f64>) = passes.positions.iter().copied().unzip();
            if !positions.is_empty() {
                let (positions, whole) = (statistics::median(&positions), statistics::median(&whole));
                notes.push(format!(
                    "batch {size}: of {whole:.3} ms of the {name} forward, timed in stages, {positions:.3} ms ({:.1}%) go to \
                     resampling the position embeddings image by image",
                    100.0 * positions / whole
                ));
            }
        }
        for (processor, row) in bench.processors.iter().zip(&self.processors) {
            let name = processor.name();
            notes.extend(clocks(size, name, &row.samples, &row.device));
            if let Some(reason) = &row.pipeline_failure {
                notes.push(format!("batch {size}: {name} beside the forward ended early: {reason}"));
            }
            if let Some(reason) = &row.stage_failure {
                notes.push(format!("batch {size}: the stages of {name} could not be timed: {reason}"));
            }
        }
        notes
    }
}

/// The times of the same calls by the host's clock and by the GPU's; `None` without a GPU.
fn clocks(size: usize, what: &str, host: &[f64], device: &[f64]) -> Option<String> {
    (!device.is_empty()).then(|| {
        format!(
            "batch {size}: {what} takes {:.3} ms by the host's clock and {:.3} ms by the GPU's events",
            statistics::median(host),
            statistics::median(device)
        )
    })
}

/// A batch size that could not be warmed up: every row fails with `reason`.
pub(super) fn not_measured(bench: &Bench, size: usize, reason: &str) -> Batch {
    Batch {
        batch_size: size,
        decode_ms: summarized(&[]),
        memory_limit_ms: None,
        tokenize_ms: None,
        forwards: Vec::new(),
        processors: bench
            .processors
            .iter()
            .map(|processor| ProcessorRow {
                failure: Some(reason.to_owned()),
                ..unmeasured(processor.as_ref())
            })
            .collect(),
    }
}

fn unmeasured(processor: &dyn Processor) -> ProcessorRow {
    ProcessorRow::unmeasured(
        processor.name(),
        processor.feed().to_string(),
        must_equal_reference(processor.name()),
    )
}

fn summarized(samples: &[f64]) -> Samples {
    statistics::summarize(samples.to_vec())
}

/// Preprocess time over forward time, paired by round.
fn ratio(preprocess: &[f64], forward: &[f64]) -> Option<Estimate> {
    statistics::paired(preprocess, forward, |preprocess, forward| preprocess / forward)
}
