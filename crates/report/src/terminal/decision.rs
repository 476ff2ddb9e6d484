//! A decision as `compare` and `gate` print it.

use patchmark_results::{Decision, DecisionRow, text::clean};

use super::layout::{Align, Table, joined, wrap};
use crate::words::{
    decision::{change_of, gap_word, legend, min_effect_of, title, word},
    figures::figure,
};

/// The decision as text, with the verdict on the last line, where the reader of a terminal looks.
pub fn render(decision: &Decision) -> String {
    let mut lines = vec![format!("base       {}", clean(&decision.base))];
    lines.push(format!("candidate  {}", clean(&decision.candidate)));
    // A figure that is the same in every row is printed once.
    let same = match decision.rows.as_slice() {
        [first, rest @ ..] => rest.iter().all(|row| row.figure == first.figure).then_some(&first.figure),
        [] => None,
    };
    lines.extend(same.map(|figure| format!("figure     {}", clean(figure))));
    lines.push(String::new());
    lines.extend(table(decision, same.is_some()).lines(&[0, 1]));
    if decision.rows.is_empty() {
        lines.push("no rows".to_owned());
    }
    lines.push(String::new());
    for gap in &decision.gaps {
        lines.extend(wrap(&format!("{}:", gap_word(gap)), 4, &clean(&gap.sentence())));
    }
    for difference in &decision.differences {
        lines.extend(wrap("differs:", 4, &clean(difference)));
    }
    for note in legend(decision).iter().chain(&decision.notes) {
        lines.extend(wrap("", 0, &clean(note)));
    }
    lines.push(String::new());
    lines.push(title(decision));
    joined(lines)
}

fn table(decision: &Decision, one_figure: bool) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("subject", Left),
        ("images", Left),
        ("figure", Left),
        ("base", Right),
        ("candidate", Right),
        ("change", Right),
        ("±min", Right),
        ("verdict", Left),
    ]);
    for row in &decision.rows {
        let below = row.reason.as_ref().map(|reason| wrap("  └", 4, &clean(reason)));
        table.row(cells(row, one_figure), below.unwrap_or_default());
    }
    table
}

fn cells(row: &DecisionRow, one_figure: bool) -> [String; 8] {
    let counted = if row.counts { "" } else { " (not counted)" };
    [
        clean(&row.subject),
        clean(&row.batch),
        if one_figure { String::new() } else { clean(&row.figure) },
        figure(row.base),
        figure(row.candidate),
        change_of(row),
        min_effect_of(row),
        format!("{}{counted}", word(row)),
    ]
}
