//! Tables that scripts can sort, and that are complete without scripts.

use maud::{Markup, html};
use patchmark_results::text::count;

/// The largest number of rows on a page; more would slow a browser down.
const MOST_ROWS: usize = 1000;

/// A cell: what it shows, what it is sorted by, and the small print below.
#[derive(Default)]
pub(super) struct Cell {
    pub text: String,
    /// The number to sort by; none for text, which is sorted as text, and for a missing number.
    pub key: Option<f64>,
    pub small: Option<String>,
    /// Whether the small print is bad news.
    pub bad: bool,
    /// The target of its link.
    pub link: Option<String>,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number as it is shown, or a dash if there is none.
    pub(super) fn number(value: Option<f64>, show: impl Fn(f64) -> String) -> Self {
        Self { text: value.map_or_else(|| "—".to_owned(), show), key: value, ..Self::default() }
    }
}

/// A table of `rows`, of which there are `all`. A column is a name and whether it holds numbers; the first column names the
/// row.
///
/// On a phone, the style sheet makes each row a list of names and values. The roles are written out because a table that
/// is not laid out as one loses them in some browsers.
pub(super) fn table(
    name: &str,
    caption: &str,
    columns: &[(&str, bool)],
    all: usize,
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (name) ", table" } {
            table role="table" {
                caption { (caption) }
                thead role="rowgroup" { tr role="row" { @for (name, numeric) in columns {
                    th.num[*numeric] scope="col" role="columnheader" { (name) }
                } } }
                tbody role="rowgroup" { @for row in rows.take(MOST_ROWS) { tr role="row" {
                    @for (index, (cell, (name, numeric))) in row.iter().zip(columns).enumerate() {
                        @if index == 0 { th scope="row" role="rowheader" { (contents(cell)) } }
                        @else { td.num[*numeric] role="cell" data-name=(name) data-key=[cell.key] {
                            div { (contents(cell)) }
                        } }
                    }
                } } }
            }
        }
        @if all > MOST_ROWS {
            p { "The first " (count(MOST_ROWS as u64)) " of " (count(all as u64)) " rows; all are in the saved file and the CSV files." }
        }
    }
}

fn contents(cell: &Cell) -> Markup {
    html! {
        @if let Some(link) = &cell.link { a href=(link) { (cell.text) } }
        // An interval may stand below its number, but is not broken itself.
        @else if let Some((number, interval)) = cell.text.split_once(" [") {
            (number) " " span.whole { "[" (interval) }
        }
        @else { (cell.text) }
        @if let Some(small) = &cell.small { small.bad[cell.bad] { (small) } }
    }
}
