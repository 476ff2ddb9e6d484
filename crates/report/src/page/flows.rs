//! The flows from files of a run as a table.

use maud::Markup;
use patchmark_results::{
    Batch, Estimate, FlowRow, ParityStatus, Run,
    text::{clean, count, number},
};

use super::grid::{self, Cell};
use crate::words::{
    figures::{factor, interval},
    flows::{decoding, spread},
    run::parity,
};

const COLUMNS: [(&str, bool); 10] = [
    ("Flow", false),
    ("Threads", true),
    ("Batch", true),
    ("ms per batch", true),
    ("ms per image", true),
    ("Images/s", true),
    ("Decoding", true),
    ("Speed-up over hf-paths", true),
    ("Speed-up over 1 thread", true),
    ("Parity", false),
];

/// The table; none without flows.
pub(super) fn table(run: &Run) -> Option<Markup> {
    let rows = run.batches.iter().flat_map(|batch| batch.flows.iter().map(move |row| (batch, row)));
    let all = rows.clone().count();
    let spread = spread(run).of_all().trim_end_matches(',');
    let caption = format!(
        "Medians with {spread}: decoding and processing, from files in the page cache to tensors on the device. hf-paths is \
         transformers' class, given the paths; speed-ups over it are on as many threads. Click a heading to sort."
    );
    let lines = rows.map(|(batch, row)| line(batch, row));
    (all > 0).then(|| grid::table("Flows from files", &caption, &COLUMNS, all, lines))
}

fn line(batch: &Batch, row: &FlowRow) -> Vec<Cell> {
    let of = |estimate: Option<Estimate>, text: fn(&Estimate) -> String| {
        let estimate = estimate.filter(Estimate::is_usable);
        Cell {
            text: estimate.as_ref().map_or("—".into(), text),
            key: estimate.map(|e| e.median),
            ..Cell::default()
        }
    };
    let time = row.total_ms.measured();
    let images = batch.batch_size.max(1) as f64;
    let mut status = Cell::text(parity(&row.parity));
    if let ParityStatus::Differs { detail, .. } = &row.parity {
        status.small = Some(clean(detail));
    }
    if let Some(reason) = &row.failure {
        (status.small, status.bad) = (Some(format!("failed: {}", clean(reason))), true);
    }
    let share = row.decoding_share.filter(Estimate::is_usable);
    vec![
        Cell::text(clean(&row.name)),
        Cell::number(Some(row.threads as f64), |threads| count(threads as u64)),
        Cell::number(Some(batch.batch_size as f64), |size| count(size as u64)),
        of(time, interval),
        Cell::number(time.map(|e| e.median / images), number),
        of(row.images_per_s, |e| number(e.median)),
        Cell { text: decoding(row), key: share.map(|share| share.median), ..Cell::default() },
        of(row.speedup_over_hf_paths, factor),
        of(row.speedup_over_one_thread, factor),
        status,
    ]
}
