//! Values by batch size: what the charts of the ratio and the throughput draw.

use std::{collections::BTreeMap, fmt::Write};

use patchmark_results::{Estimate, ProcessorRow, Run};

use crate::charts::{
    csv::field,
    rows::{batches, subjects},
};

/// One processor's line.
pub(in crate::charts) struct Series {
    pub index: usize,
    pub label: String,
    /// Batch size and value, sorted by batch size.
    pub points: Vec<(usize, Estimate)>,
}

/// The processors' lines, and the labels of those with no value at any batch size.
pub(in crate::charts) fn series(
    run: &Run,
    value: impl Fn(&ProcessorRow) -> Option<Estimate>,
) -> (Vec<Series>, Vec<String>) {
    let (mut drawn, mut left_out) = (Vec::new(), Vec::new());
    for (index, subject) in subjects(run).0.into_iter().enumerate() {
        let mut points = Vec::new();
        for batch in batches(run).0 {
            if let Some(estimate) = subject.row(batch).and_then(&value).filter(Estimate::is_usable) {
                points.push((batch.batch_size.max(1), sound(estimate)));
            }
        }
        let label = subject.label;
        if points.is_empty() { left_out.push(label) } else { drawn.push(Series { index, label, points }) }
    }
    (drawn, left_out)
}

/// An interval that contains its median and can be drawn on a logarithmic axis.
pub(in crate::charts) fn sound(estimate: Estimate) -> Estimate {
    let median = estimate.median;
    let keep = |end: f64| if end.is_finite() && end > 0.0 { end } else { median };
    Estimate { median, low: keep(estimate.low).min(median), high: keep(estimate.high).max(median) }
}

/// The values of a row by forward.
type ByForward = fn(&ProcessorRow) -> &BTreeMap<String, Estimate>;

/// Every value of a chart, for every forward, as CSV.
pub(in crate::charts) fn csv(run: &Run, kinds: &[(&str, ByForward)]) -> String {
    let mut out = "batch_size,processor,feed,forward,figure,median,low,high\n".to_owned();
    for batch in &run.batches {
        for row in &batch.processors {
            for (kind, values) in kinds {
                for (forward, estimate) in values(row).iter().filter(|(_, estimate)| estimate.is_usable()) {
                    let Estimate { median, low, high } = estimate;
                    let (processor, feed, forward) = (field(&row.name), field(&row.feed), field(forward));
                    let size = batch.batch_size;
                    // Writing to a String cannot fail.
                    let _ = writeln!(out, "{size},{processor},{feed},{forward},{kind},{median},{low},{high}");
                }
            }
        }
    }
    out
}
