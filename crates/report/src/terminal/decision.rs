//! A decision as `compare` and `gate` print it.

use patchmark_results::{Decision, DecisionRow, text::clean};

use super::layout::{Column, Paragraph, Table, Text, glued};
use crate::words::{
    decision::{change_of, gap_word, legend, min_effect_of, title, word},
    figures::figure,
    warnings,
};

/// The decision as text of at most `columns` columns, with the verdict on the last line, where the reader of a terminal looks.
pub fn render(decision: &Decision, columns: usize) -> String {
    let mut text = Text::new(columns);
    text.paragraph("base       ", 11, &clean(&decision.base));
    text.paragraph("candidate  ", 11, &clean(&decision.candidate));
    // A figure that is the same in every row is printed once.
    let same = match decision.rows.as_slice() {
        [first, rest @ ..] => rest.iter().all(|row| row.figure == first.figure).then_some(&first.figure),
        [] => None,
    };
    if let Some(figure) = same {
        text.paragraph("figure     ", 11, &clean(figure));
    }
    text.blank();
    text.table(&table(decision, same.is_some()));
    if decision.rows.is_empty() {
        text.line("no rows");
    }
    text.blank();
    for gap in &decision.gaps {
        text.paragraph(&format!("{}:", gap_word(gap)), 4, &clean(&gap.sentence()));
    }
    for difference in &decision.differences {
        text.paragraph("differs:", 4, &clean(difference));
    }
    for warning in warnings::of_decision(decision) {
        text.paragraph("warning:", 4, &warning);
    }
    for note in legend(decision).iter().chain(&decision.notes) {
        text.paragraph("", 0, &clean(note));
    }
    text.blank();
    text.line(&title(decision));
    text.finish()
}

fn table(decision: &Decision, one_figure: bool) -> Table {
    let mut table = Table::new(vec![
        Column::names("subject"),
        Column::words("images"),
        Column::words("figure"),
        Column::figures("base").dropped(2),
        Column::figures("candidate").dropped(3),
        Column::figures("change"),
        Column::figures("±min").dropped(1),
        Column::words("verdict"),
    ]);
    for row in &decision.rows {
        let below = row.reason.as_ref().map(|reason| Paragraph::new("  └", 4, &clean(reason)));
        table.row(cells(row, one_figure), below.into_iter().collect());
    }
    table
}

fn cells(row: &DecisionRow, one_figure: bool) -> [String; 8] {
    let counted = if row.counts { String::new() } else { format!(" {}", glued("(not counted)")) };
    [
        clean(&row.subject),
        clean(&row.batch).replace("batch ", &glued("batch ")),
        if one_figure { String::new() } else { clean(&row.figure) },
        figure(row.base),
        figure(row.candidate),
        change_of(row),
        min_effect_of(row),
        glued(word(row)) + &counted,
    ]
}
