//! A result of `parity` as it is printed.

use patchmark_results::{
    Parity,
    text::{clean, count, plural},
};

use super::layout::{Column, Table, Text};
use crate::words::{
    decoding,
    parity::{differing, notes, worst},
};

/// The rows, and what a reader must know in addition to them, in at most `columns` columns.
pub fn render(parity: &Parity, columns: usize) -> String {
    let images = plural(parity.images.len() as u64, "image");
    let reference = clean(&parity.reference);
    let mut text = Text::new(columns);
    text.line(&format!("{images}, every value of all three tensors compared with {reference}"));
    let mut table = Table::new(vec![
        Column::names("processor"),
        Column::figures("patches"),
        Column::figures("values").dropped(1),
        Column::figures("differing"),
        Column::figures("worst"),
    ]);
    for row in &parity.rows {
        let cells = [
            clean(&row.processor),
            count(row.max_num_patches as u64),
            count(row.values),
            differing(row),
            worst(row),
        ];
        table.row(cells, Vec::new());
    }
    text.table(&table);
    if let Some(found) = &parity.decoding {
        text.line(&decoding::headline(found));
    }
    for note in notes(parity) {
        text.line(&note);
    }
    text.finish()
}
