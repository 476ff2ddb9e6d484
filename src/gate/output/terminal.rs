//! The table that `compare` and `gate` print: no line wider than a report's.

use super::cells::{change, figure, headline, least, legend, word};
use crate::{
    gate::{Decision, Row},
    report::{
        format::{clean, shorten},
        table::{WIDTH, wrap},
    },
};

const GAP: usize = 2;
const COLUMNS: usize = 8;
/// Of these columns the words are aligned left and the numbers right.
const LEFT: [bool; COLUMNS] = [true, true, true, false, false, false, false, true];

/// The decision as text, the verdict last, where a terminal's reader looks.
pub fn terminal(decision: &Decision) -> String {
    let mut lines = vec![format!("base       {}", clean(&decision.base))];
    lines.push(format!("candidate  {}", clean(&decision.candidate)));
    lines.push(String::new());
    let mut table = vec![
        ["subject", "images", "figure", "base", "candidate", "change", "±min", "verdict"].map(str::to_owned),
    ];
    table.extend(decision.rows.iter().map(cells));
    // A figure that is the same in every row is told once.
    if let [first, rest @ ..] = decision.rows.as_slice()
        && rest.iter().all(|row| row.figure == first.figure)
    {
        lines.insert(2, format!("figure     {}", clean(&first.figure)));
        table.iter_mut().for_each(|cells| cells[2].clear());
    }
    let mut widths = [0; COLUMNS];
    for row in &table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let total = |widths: &[usize; COLUMNS]| {
        widths.iter().sum::<usize>()
            + GAP * widths.iter().filter(|width| **width > 0).count().saturating_sub(1)
    };
    // Names give way: first the subject's, then the images'.
    for column in [0, 1] {
        let excess = total(&widths).saturating_sub(WIDTH);
        widths[column] = widths[column].saturating_sub(excess).max(10.min(widths[column]));
    }
    for (index, (cells, row)) in
        table.iter().zip(std::iter::once(None).chain(decision.rows.iter().map(Some))).enumerate()
    {
        lines.push(line(cells, &widths));
        if index == 0 {
            lines.push("─".repeat(total(&widths).min(WIDTH)));
        }
        if let Some(reason) = row.and_then(|row| row.reason.as_ref()) {
            lines.extend(wrap("  └", &clean(reason)));
        }
    }
    if decision.rows.is_empty() {
        lines.push("no rows".to_owned());
    }
    lines.push(String::new());
    for difference in &decision.differences {
        lines.extend(wrap("differs:", &clean(difference)));
    }
    for note in legend(decision).iter().chain(&decision.notes) {
        lines.extend(wrap("", &clean(note)).into_iter().map(|line| line.trim_start().to_owned()));
    }
    lines.push(String::new());
    lines.push(format!("{}: {}", decision.verdict.word(), headline(decision)));
    let mut out = String::new();
    for line in lines {
        out += &shorten(line.trim_end(), WIDTH);
        out.push('\n');
    }
    out
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let counted = if row.counts { "" } else { " (not counted)" };
    [
        clean(&row.subject),
        clean(&row.batch),
        clean(&row.figure),
        figure(row.base),
        figure(row.candidate),
        change(row),
        row.judgement.map_or_else(|| "—".to_owned(), |judged| least(judged.min_effect)),
        format!("{}{counted}", word(row)),
    ]
}

fn line(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let columns = cells.iter().zip(widths).zip(LEFT).filter(|((_, width), _)| **width > 0);
    let columns = columns.map(|((cell, &width), left)| {
        let cell = shorten(cell, width);
        if left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    columns.collect::<Vec<_>>().join(&" ".repeat(GAP))
}
