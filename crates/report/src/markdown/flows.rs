//! The flows from files of a batch, in Markdown.

use std::fmt::Write;

use patchmark_results::{Batch, Estimate, ParityStatus, text::number};

use super::escape::escape;
use crate::words::{
    figures::{NONE, factor, interval, median},
    flows::decoding,
    run::parity,
};

/// The table of a batch; nothing without flows.
pub(super) fn section(out: &mut String, batch: &Batch) {
    if batch.flows.is_empty() {
        return;
    }
    *out += "\nFrom files:\n\n\
         | flow | threads | ms/batch | ms/image | images/s | decoding | vs hf-paths | vs 1 thread | parity |\n\
         | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | :--- |\n";
    let mut remarks = Vec::new();
    for row in &batch.flows {
        let name = escape(&row.name);
        let none = || NONE.to_owned();
        let time = row.total_ms.measured();
        let each = time.map_or_else(none, |time| number(time.median / batch.batch_size.max(1) as f64));
        let over =
            |found: Option<Estimate>| found.filter(Estimate::is_usable).map_or_else(none, |e| factor(&e));
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {each} | {} | {} | {} | {} | {} |",
            row.threads,
            time.map_or_else(none, |time| interval(&time)),
            median(row.images_per_s.filter(Estimate::is_usable)),
            decoding(row),
            over(row.speedup_over_hf_paths),
            over(row.speedup_over_one_thread),
            parity(&row.parity)
        );
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            remarks.push(format!("- {} differs: {}", escape(&row.label()), escape(detail)));
        }
        if let Some(reason) = &row.failure {
            remarks.push(format!("- {} failed: {}", escape(&row.label()), escape(reason)));
        }
    }
    if !remarks.is_empty() {
        let _ = write!(out, "\n{}\n", remarks.join("\n"));
    }
}
