//! Every row of a run as a table.

use maud::Markup;
use patchmark_results::{
    Batch, Estimate, ParityStatus, ProcessorRow, Run,
    text::{clean, count, number, times},
};

use super::grid::{self, Cell};
use crate::words::{figures::interval, overlap, run::parity, spread::Spread};

const COLUMNS: [(&str, bool); 8] = [
    ("Processor (fed)", false),
    ("Batch", true),
    ("Preprocess, ms per batch", true),
    ("ms per image", true),
    ("Ratio to the forward", true),
    ("Images/s", true),
    ("Speed-up over hf", true),
    ("Parity", false),
];

/// The table, with a note if rows were left out.
pub(super) fn table(run: &Run) -> Markup {
    let forward = run.first_forward();
    let rows = run.batches.iter().flat_map(|batch| batch.processors.iter().map(move |row| (batch, row)));
    let against = forward
        .map_or_else(String::new, |name| format!("; ratio and images/s with the {} forward", clean(name)));
    let steps = overlap::steps(&run.settings);
    let spread = Spread::of(run).of_all().trim_end_matches(',');
    grid::table(
        "All rows",
        &format!(
            "Medians with {spread}{against}; images/s: {steps}, one after the other. Click a heading to sort."
        ),
        &COLUMNS,
        rows.clone().count(),
        rows.map(|(batch, row)| line(batch, row, forward)),
    )
}

fn line(batch: &Batch, row: &ProcessorRow, forward: Option<&str>) -> Vec<Cell> {
    let of = |estimate: Option<Estimate>, text: fn(&Estimate) -> String| {
        let estimate = estimate.filter(Estimate::is_usable);
        Cell {
            text: estimate.as_ref().map_or("—".into(), text),
            key: estimate.map(|e| e.median),
            ..Cell::default()
        }
    };
    let time = row.preprocess();
    let images = batch.batch_size.max(1) as f64;
    let mut status = Cell::text(parity(&row.parity));
    if let ParityStatus::Differs { detail, .. } = &row.parity {
        status.small = Some(clean(detail));
    }
    if let Some(reason) = &row.failure {
        (status.small, status.bad) = (Some(format!("failed: {}", clean(reason))), true);
    }
    vec![
        Cell::text(row.label()),
        Cell::number(Some(batch.batch_size as f64), |size| count(size as u64)),
        of(time, interval),
        Cell::number(time.map(|e| e.median / images), number),
        of(forward.and_then(|name| row.ratio.get(name)).copied(), interval),
        of(forward.and_then(|name| row.images_per_s.get(name)).copied(), |e| number(e.median)),
        of(row.speedup_over_hf, |e| times(e.median)),
        status,
    ]
}
