//! From the samples of a bench to the rows and notes of its runs.

use std::collections::BTreeMap;

use patchmark_results::{
    Batch, Estimate, ForwardRow, ParityStatus, ProcessorRow, RunSettings, Samples,
    journal::{BatchSamples, ForwardSamples, ProcessorSamples, ProcessorSubject, Subjects},
};

use crate::{
    bootstrap::{estimate, median, paired, summarize},
    flow_rows,
};

/// Everything at one batch size for the run number `run`, whose settings are `settings`.
pub fn batch(subjects: &Subjects, settings: &RunSettings, samples: &BatchSamples, run: usize) -> Batch {
    let hf = subjects
        .processors
        .iter()
        .zip(&samples.processors)
        .find(|(subject, own)| subject.is_reference && own.failure.is_none())
        .map(|(_, own)| own.preprocess_ms.as_slice());
    let nothing = ProcessorSamples::default();
    let measured = samples.failure.is_none();
    let rows = subjects.processors.iter().enumerate().map(|(index, subject)| {
        let own = samples.processors.get(index).unwrap_or(&nothing);
        let row = processor_row(subjects, settings, samples, run, (subject, own), hf);
        ProcessorRow { failure: row.failure.or_else(|| samples.failure.clone()), ..row }
    });
    Batch {
        batch_size: samples.batch_size,
        decode_ms: summarized(&samples.decode_ms),
        memory_limit_ms: (!samples.memory_limit_ms.is_empty()).then(|| summarized(&samples.memory_limit_ms)),
        tokenize_ms: (measured && subjects.tokenizes).then(|| summarized(&samples.tokenize_ms)),
        forwards: forwards_of(subjects, samples, run)
            .map(|(_, name, own)| ForwardRow {
                name: name.to_owned(),
                forward_ms: summarized(&own.forward_ms),
                launch_ms: summarized(&own.launch_ms),
                back_to_back_images_per_s: estimate(&own.back_to_back_images_per_s),
            })
            .collect(),
        processors: rows.collect(),
        flows: flow_rows::rows(subjects, samples),
    }
}

/// The forwards of run number `run`: index, name and samples.
fn forwards_of<'a>(
    subjects: &'a Subjects,
    samples: &'a BatchSamples,
    run: usize,
) -> impl Iterator<Item = (usize, &'a str, &'a ForwardSamples)> {
    let forwards = subjects.forwards.iter().zip(&samples.forwards).enumerate();
    forwards
        .filter(move |(_, (subject, _))| subject.run == run)
        .map(|(index, (subject, own))| (index, subject.name.as_str(), own))
}

fn processor_row(
    subjects: &Subjects,
    settings: &RunSettings,
    samples: &BatchSamples,
    run: usize,
    (subject, own): (&ProcessorSubject, &ProcessorSamples),
    hf: Option<&[f64]>,
) -> ProcessorRow {
    let named = |combine: &dyn Fn(usize, &ForwardSamples) -> Option<Estimate>| -> BTreeMap<String, Estimate> {
        forwards_of(subjects, samples, run)
            .filter_map(|(index, name, forward)| Some((name.to_owned(), combine(index, forward)?)))
            .collect()
    };
    let images = samples.batch_size as f64;
    let before_forward = before_forward(settings, samples, own);
    ProcessorRow {
        name: subject.name.clone(),
        feed: subject.feed.clone(),
        preprocess_ms: summarized(&own.preprocess_ms),
        behind_forward_ms: (!own.behind_forward_ms.is_empty()).then(|| summarized(&own.behind_forward_ms)),
        ratio: named(&|_, forward| ratio(own, forward)),
        images_per_s: named(&|_, forward| {
            paired(&before_forward, &forward.forward_ms, |before, forward| images * 1e3 / (before + forward))
        }),
        pipelined_images_per_s: named(&|index, _| estimate(own.pipelined(index))),
        memory_limit_share: (settings.device == "cpu" && settings.threads == 1)
            .then(|| paired(&samples.memory_limit_ms, &own.preprocess_ms, |limit, own| limit / own))
            .flatten(),
        speedup_over_hf: hf.and_then(|hf| paired(hf, &own.preprocess_ms, |hf, own| hf / own)),
        stages_ms: own.stages_ms.iter().map(|(stage, times)| (stage.clone(), median(times))).collect(),
        must_equal: subject.must_equal,
        parity: own.parity.clone().unwrap_or(ParityStatus::NotVerified),
        failure: own.failure.clone(),
    }
}

/// What images per second one after the other count before the forward: preprocessing, and decoding too if the settings say
/// so.
fn before_forward(settings: &RunSettings, samples: &BatchSamples, own: &ProcessorSamples) -> Vec<f64> {
    if !settings.serial_decodes {
        return own.preprocess_ms.clone();
    }
    samples.decode_ms.iter().zip(&own.preprocess_ms).map(|(decode, preprocess)| decode + preprocess).collect()
}

/// Preprocess time over forward time, paired by round; none without samples of both.
pub fn ratio(processor: &ProcessorSamples, forward: &ForwardSamples) -> Option<Estimate> {
    paired(&processor.preprocess_ms, &forward.forward_ms, |preprocess, forward| preprocess / forward)
}

/// Sentences for the notes of run number `run`: what ended early or could not be timed, what the GPU's clock says, and how
/// long transformers' forward spends on resampling positions.
pub fn notes(subjects: &Subjects, samples: &BatchSamples, run: usize) -> Vec<String> {
    let size = samples.batch_size;
    let mut notes = Vec::new();
    for (_, name, own) in forwards_of(subjects, samples, run) {
        if let Some(reason) = &own.failure {
            notes.push(format!("batch {size}: the {name} forward ended early: {reason}"));
        }
        if let Some(reason) = &own.stage_failure {
            notes
                .push(format!("batch {size}: the stages of the {name} forward could not be timed: {reason}"));
        }
        notes.extend(clocks(size, &format!("the {name} forward"), &own.forward_ms, &own.device_ms));
        let (positions, whole): (Vec<f64>, Vec<f64>) = own.positions_ms.iter().copied().unzip();
        if !positions.is_empty() {
            let (positions, whole) = (median(&positions), median(&whole));
            notes.push(format!(
                "batch {size}: of {whole:.3} ms of the {name} forward, timed in stages, {positions:.3} ms ({:.1}%) go to \
                 resampling the position embeddings image by image",
                100.0 * positions / whole
            ));
        }
    }
    for (ProcessorSubject { name, .. }, own) in subjects.processors.iter().zip(&samples.processors) {
        notes.extend(clocks(size, name, &own.preprocess_ms, &own.device_ms));
        if let Some(reason) = &own.pipeline_failure {
            notes.push(format!("batch {size}: {name} beside the forward ended early: {reason}"));
        }
        if let Some(reason) = &own.stage_failure {
            notes.push(format!("batch {size}: the stages of {name} could not be timed: {reason}"));
        }
    }
    notes
}

/// The times of the same calls by the host's clock and by the GPU's; none without a GPU.
fn clocks(size: usize, what: &str, host: &[f64], device: &[f64]) -> Option<String> {
    (!device.is_empty()).then(|| {
        format!(
            "batch {size}: {what} takes {:.3} ms by the host's clock and {:.3} ms by the GPU's events",
            median(host),
            median(device)
        )
    })
}

fn summarized(samples: &[f64]) -> Samples {
    summarize(samples.to_vec())
}

#[cfg(test)]
#[path = "run_rows_tests.rs"]
mod tests;
