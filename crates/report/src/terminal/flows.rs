//! The flows from files of a batch, for the terminal.

use patchmark_results::{
    Batch, Estimate, FlowRow, ParityStatus,
    text::{clean, number, times},
};

use super::layout::{Column, Paragraph, Table, Text, glued};
use crate::words::{
    figures::{NONE, median},
    flows::decoding,
    run::parity,
};

/// The table of a batch; nothing without flows.
pub(super) fn table(text: &mut Text, batch: &Batch) {
    if batch.flows.is_empty() {
        return;
    }
    text.blank();
    text.line(&format!("Batch {} from files", batch.batch_size));
    let mut table = Table::new(vec![
        Column::names("flow"),
        Column::figures("threads"),
        Column::figures("ms/batch"),
        Column::figures("ms/img").dropped(1),
        Column::figures("img/s"),
        Column::figures("decoding"),
        Column::figures("vs hf-paths"),
        Column::figures("vs 1 thread").dropped(2),
        Column::words("parity"),
    ]);
    for row in &batch.flows {
        table.row(cells(row, batch), below(row));
    }
    text.table(&table);
}

fn cells(row: &FlowRow, batch: &Batch) -> [String; 9] {
    let time = row.total_ms.measured();
    let each = time.map(|time| number(time.median / batch.batch_size.max(1) as f64));
    let factor = |estimate: Option<Estimate>| {
        estimate.filter(Estimate::is_usable).map_or_else(|| NONE.to_owned(), |e| times(e.median))
    };
    let over_one = if row.threads > 1 { factor(row.speedup_over_one_thread) } else { String::new() };
    [
        clean(&row.name),
        row.threads.to_string(),
        median(time),
        each.unwrap_or_else(|| NONE.to_owned()),
        median(row.images_per_s.filter(Estimate::is_usable)),
        decoding(row),
        factor(row.speedup_over_hf_paths),
        over_one,
        glued(&parity(&row.parity)),
    ]
}

/// Why the row ended or its outputs differ.
fn below(row: &FlowRow) -> Vec<Paragraph> {
    let mut below = Vec::new();
    if let ParityStatus::Differs { detail, .. } = &row.parity {
        below.push(Paragraph::new("  └", 4, &clean(detail)));
    }
    if let Some(reason) = &row.failure {
        below.push(Paragraph::new("  failed:", 4, &clean(reason)));
    }
    below
}
