//! Milliseconds per image by stage and processor, at the largest batch: a bar for each stage of each processor, all on one
//! scale.
//!
//! The bars stand in columns rather than behind each other, because stages are medians of their own: laid end to end, they
//! would read as a timeline that nobody measured.

mod bars;
mod table;

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{Batch, Run, Samples, text::number};
use table::{Table, stages};

use super::{caption, chart::Chart, csv::field, frame::Frame};

pub(super) fn chart(name: &'static str, run: &Run) -> Result<Chart> {
    let table = Table::new(run);
    let size = run.largest_batch().map_or(0, |batch| batch.batch_size);
    let staged = !table.stages.is_empty();
    let (title, what) = if staged {
        (
            "Where preprocessing spends its time",
            "milliseconds per image in each stage, and its share of all stages",
        )
    } else {
        ("Preprocess time per image", "milliseconds per image")
    };
    let mut remarks = Vec::new();
    if staged {
        remarks.push("stages are medians of their own, timed in calls of their own".to_owned());
        if table.rows.iter().any(|row| row.sum() == 0.0) {
            remarks.push("–: not measured in stages".to_owned());
        }
    }
    remarks.extend(run.largest_batch().map(|batch| beside(run, batch)));
    remarks.extend(caption::left_out(&table.left_out));
    let frame = Frame {
        title: title.to_owned(),
        subtitle: format!("{what}, batch {size}; medians, all bars on one scale; lower is better"),
        caption: caption::of_run(run, &remarks),
    };
    Chart::new(name, frame, csv(run), |width| bars::draw(&table, width))
}

/// The other parts of a step, and whether they overlap with preprocessing.
fn beside(run: &Run, batch: &Batch) -> String {
    let images = batch.batch_size.max(1) as f64;
    let each = |samples: &Samples| samples.measured().map(|estimate| estimate.median / images);
    let named = batch.forwards.iter().find(|row| Some(row.name.as_str()) == run.first_forward());
    let mut parts = Vec::new();
    if let Some(ms) = each(&batch.decode_ms) {
        parts.push(format!("decoding takes {} ms per image", number(ms)));
    }
    match named.and_then(|row| each(&row.forward_ms)) {
        Some(ms) => parts.push(format!("the forward takes {} ms per image", number(ms))),
        None => parts.push("no forward was measured".to_owned()),
    }
    let mut rows = run.batches.iter().flat_map(|batch| &batch.processors);
    if rows.any(|row| !row.pipelined_images_per_s.is_empty()) {
        // Pipelined, the next batch is prepared during the forward; see the throughput.
        parts.push("when pipelined, everything before the forward overlaps it".to_owned());
    }
    parts.join(" · ")
}

/// Stages at every batch size as CSV; the whole call is the stage `(whole call)`.
fn csv(run: &Run) -> String {
    let mut out = "batch_size,processor,feed,stage,ms_per_image\n".to_owned();
    for batch in &run.batches {
        let images = batch.batch_size.max(1) as f64;
        let size = batch.batch_size;
        let forwards = batch.forwards.iter().map(|row| (format!("forward {}", row.name), &row.forward_ms));
        for (stage, samples) in forwards.chain([("decode".to_owned(), &batch.decode_ms)]) {
            if let Some(estimate) = samples.measured() {
                let _ = writeln!(out, "{size},,,{},{}", field(&stage), estimate.median / images);
            }
        }
        for row in &batch.processors {
            let whole = row.preprocess().map(|estimate| ("(whole call)", estimate.median));
            for (stage, ms) in stages(row).chain(whole) {
                let (processor, feed, stage) = (field(&row.name), field(&row.feed), field(stage));
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{},{processor},{feed},{stage},{}", batch.batch_size, ms / images);
            }
        }
    }
    out
}
