//! From the samples of flows from files to their rows.

use patchmark_results::{
    Estimate, FlowRow, ParityStatus, REFERENCE_FLOW,
    journal::{BatchSamples, FlowSamples, FlowSubject, Subjects},
};

use crate::bootstrap::{estimate, paired, summarize};

/// One row per flow at a batch size.
pub(crate) fn rows(subjects: &Subjects, samples: &BatchSamples) -> Vec<FlowRow> {
    let nothing = FlowSamples::default();
    let of = |(index, subject)| {
        let own = samples.flows.get(index).unwrap_or(&nothing);
        let row = row(subjects, samples, subject, own);
        FlowRow { failure: row.failure.or_else(|| samples.failure.clone()), ..row }
    };
    subjects.flows.iter().enumerate().map(of).collect()
}

fn row(subjects: &Subjects, samples: &BatchSamples, subject: &FlowSubject, own: &FlowSamples) -> FlowRow {
    let images = samples.batch_size as f64;
    let rates: Vec<f64> = own.total_ms.iter().map(|ms| images * 1e3 / ms).collect();
    let shares: Vec<f64> =
        own.decoding_ms.iter().map(|(decoding, whole)| (decoding / whole).min(1.0)).collect();
    FlowRow {
        name: subject.name.clone(),
        threads: subject.threads,
        total_ms: summarize(own.total_ms.clone()),
        images_per_s: estimate(&rates),
        decoding_share: estimate(&shares),
        speedup_over_hf_paths: over(subjects, samples, own, REFERENCE_FLOW, subject.threads),
        speedup_over_one_thread: (subject.threads > 1)
            .then(|| over(subjects, samples, own, &subject.name, 1))
            .flatten(),
        must_equal: own.must_equal.unwrap_or(false),
        parity: own.parity.clone().unwrap_or(ParityStatus::NotVerified),
        failure: own.failure.clone(),
    }
}

/// The time of the flow `base` on `threads` threads over that of `own`; none if the base was not measured to the end.
fn over(
    subjects: &Subjects,
    samples: &BatchSamples,
    own: &FlowSamples,
    base: &str,
    threads: usize,
) -> Option<Estimate> {
    let mut flows = subjects.flows.iter().zip(&samples.flows);
    let (_, base) = flows.find(|(flow, _)| flow.name == base && flow.threads == threads)?;
    if base.failure.is_some() {
        return None;
    }
    paired(&base.total_ms, &own.total_ms, |base, own| base / own)
}

/// The speed-up of each flow that has not failed over `hf-paths`, whose interval a run narrows; none without samples.
pub fn speedups<'a>(
    subjects: &'a Subjects,
    samples: &'a BatchSamples,
) -> impl Iterator<Item = Option<Estimate>> + 'a {
    let flows = subjects.flows.iter().zip(&samples.flows);
    let others = flows.filter(|(flow, own)| flow.name != REFERENCE_FLOW && own.failure.is_none());
    others.map(|(flow, own)| over(subjects, samples, own, REFERENCE_FLOW, flow.threads))
}

#[cfg(test)]
#[path = "flow_rows_tests.rs"]
mod tests;
