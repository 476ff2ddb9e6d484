//! A result of `parity` as it is printed.

use patchmark_results::{
    Parity,
    text::{clean, count, plural},
};

use super::layout::{Align, Table, joined, wrap};
use crate::words::parity::{differing, notes, worst};

/// The rows, and what a reader must know in addition to them.
pub fn render(parity: &Parity) -> String {
    use Align::{Left, Right};
    let images = plural(parity.images.len() as u64, "image");
    let reference = clean(&parity.reference);
    let mut lines = vec![format!("{images}, every value of all three tensors compared with {reference}")];
    let mut table = Table::new(&[
        ("processor", Left),
        ("patches", Right),
        ("values", Right),
        ("differing", Right),
        ("worst", Right),
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
    lines.extend(table.lines(&[0]));
    for note in notes(parity) {
        lines.extend(wrap("", 4, &note));
    }
    joined(lines)
}
