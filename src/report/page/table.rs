//! Every row of a run as a table that scripts can sort and nothing needs.

use maud::{Markup, html};

use crate::report::format::{
    clean, count, first_forward, interval, label, number, parity, preprocess, times, usable,
};
use crate::report::schema::{Batch, Estimate, ParityStatus, ProcessorRow, Run};

/// Rows that a page holds; a browser takes no more without delay.
const MOST_ROWS: usize = 1000;

const COLUMNS: [(&str, bool); 8] = [
    ("Processor (fed)", false),
    ("Batch", true),
    ("Preprocess, ms a batch", true),
    ("ms an image", true),
    ("Ratio to the forward", true),
    ("Images/s", true),
    ("Over hf", true),
    ("Parity", false),
];

/// A cell: what it shows, and what it is sorted by.
struct Cell {
    text: String,
    key: Option<f64>,
}

/// The table, and what it left out.
pub(super) fn table(run: &Run) -> Markup {
    let forward = first_forward(run);
    let rows = run.batches.iter().flat_map(|batch| batch.processors.iter().map(move |row| (batch, row)));
    let all = rows.clone().count();
    html! {
        div.scroll tabindex="0" role="region" aria-label="All rows, table" {
            table {
                caption {
                    "Medians with 95% bootstrap intervals" @if let Some(forward) = forward {
                        "; ratio and images/s with the " (clean(forward)) " forward" }
                    ". Click a heading to sort."
                }
                thead { tr {
                    @for (name, numeric) in COLUMNS {
                        th.num[numeric] scope="col" { (name) }
                    }
                } }
                tbody {
                    @for (batch, row) in rows.take(MOST_ROWS) { (line(batch, row, forward)) }
                }
            }
        }
        @if all > MOST_ROWS {
            p { "The first " (count(MOST_ROWS as u64)) " of " (count(all as u64)) " rows; all are in run.json and the CSV files." }
        }
    }
}

fn line(batch: &Batch, row: &ProcessorRow, forward: Option<&str>) -> Markup {
    let of = |estimate: Option<Estimate>, text: fn(&Estimate) -> String| {
        let estimate = estimate.filter(usable);
        Cell { text: estimate.as_ref().map_or("—".into(), text), key: estimate.map(|e| e.median) }
    };
    let time = preprocess(row);
    let images = batch.batch_size.max(1) as f64;
    let each = time.map(|e| e.median / images);
    let cells = [
        Cell { text: count(batch.batch_size as u64), key: Some(batch.batch_size as f64) },
        of(time, interval),
        Cell { text: each.map_or("—".into(), number), key: each },
        of(forward.and_then(|name| row.ratio.get(name)).copied(), interval),
        of(forward.and_then(|name| row.images_per_s.get(name)).copied(), |e| number(e.median)),
        of(row.speedup_over_hf, |e| times(e.median)),
    ];
    html! {
        tr {
            th scope="row" { (label(row)) }
            @for cell in cells {
                td.num data-key=[cell.key] { (cell.text) }
            }
            td {
                (parity(&row.parity))
                @if let ParityStatus::Differs { detail, .. } = &row.parity { small { (clean(detail)) } }
                @if let Some(reason) = &row.failure { small.bad { "failed: " (clean(reason)) } }
            }
        }
    }
}
