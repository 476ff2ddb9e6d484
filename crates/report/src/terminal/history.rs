//! A history as `history` prints it.

use patchmark_results::{
    History, Series,
    history::Point,
    text::{clean, number, plural, shorten},
};

use super::layout::{Column, Table, Text, glued};
use crate::words::figures::NONE;

/// One row per series, with its changes, in at most `columns` columns.
pub fn render(history: &History, columns: usize) -> String {
    let end = |commit: Option<&String>| commit.map_or_else(|| NONE.to_owned(), |commit| clean(commit));
    let mut text = Text::new(columns);
    text.line(&format!(
        "{}, {} to {}",
        plural(history.commits.len() as u64, "run"),
        end(history.commits.first()),
        end(history.commits.last())
    ));
    let mut table = Table::new(vec![
        Column::names("subject"),
        Column::figures("batch"),
        Column::words("figure"),
        Column::figures("runs").dropped(1),
        Column::figures("first").dropped(2),
        Column::figures("latest"),
        Column::words("changes"),
    ]);
    for series in &history.series {
        let value =
            |point: Option<&Point>| point.map_or_else(|| NONE.to_owned(), |point| number(point.value));
        let cells = [
            clean(&series.subject),
            series.batch_size.to_string(),
            clean(&series.figure),
            series.points.len().to_string(),
            value(series.points.first()),
            value(series.points.last()),
            changes(history, series),
        ];
        table.row(cells, Vec::new());
    }
    text.table(&table);
    for note in &history.notes {
        text.line(&clean(note));
    }
    for reason in &history.unreadable {
        text.paragraph("left out:", 4, &clean(reason));
    }
    text.finish()
}

/// `+12.3% at 0123abc`, separated by commas.
fn changes(history: &History, series: &Series) -> String {
    let told = series.changes.iter().filter_map(|change| {
        let commit = history.commits.get(series.points.get(change.index)?.run)?;
        Some(glued(&format!("{:+.1}% at {}", change.change * 100.0, shorten(&clean(commit), 12))))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}
