//! Text for a terminal: wrapped paragraphs and aligned tables, never wider than [`WIDTH`] columns.

use patchmark_results::text::shorten;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The largest width of a line in columns.
pub const WIDTH: usize = 100;

/// Spaces between two columns of a table.
const GAP: usize = 2;
/// The width in columns below which a name is not cut further.
const NARROWEST: usize = 8;

/// `text` after `lead`, wrapped between words; further lines are indented by `hanging` columns.
pub fn wrap(lead: &str, hanging: usize, text: &str) -> Vec<String> {
    let spaced = !lead.is_empty() && !lead.ends_with(' ');
    let first = if spaced { format!("{lead} ") } else { lead.to_owned() };
    let rest = " ".repeat(hanging);
    let options = Options::new(WIDTH)
        .initial_indent(&first)
        .subsequent_indent(&rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// Lines as one text; lines that are still too wide, such as a name without a space, are cut.
pub fn joined(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| shorten(line.trim_end(), WIDTH) + "\n").collect()
}

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// Rows below one header. A column that is empty in every row is left out.
#[derive(Debug)]
pub struct Table {
    aligned: Vec<Align>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    below: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(header: &[(&str, Align)]) -> Self {
        let cells = header.iter().map(|(name, _)| (*name).to_owned()).collect();
        Self {
            aligned: header.iter().map(|(_, align)| *align).collect(),
            rows: vec![Row { cells, below: Vec::new() }],
        }
    }

    /// Adds a row, with lines of its own below it.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>, below: Vec<String>) {
        self.rows.push(Row { cells: cells.into_iter().collect(), below });
    }

    /// Whether its lines fit without cutting.
    pub fn fits(&self) -> bool {
        total(&self.widths()) <= WIDTH
    }

    /// The lines: a header, a rule, and the rows. If they are too wide, the columns in `names` are cut, in that order.
    pub fn lines(&self, names: &[usize]) -> Vec<String> {
        let mut widths = self.widths();
        for &column in names {
            let excess = total(&widths).saturating_sub(WIDTH);
            let least = NARROWEST.min(widths[column]);
            widths[column] = widths[column].saturating_sub(excess).max(least);
        }
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            lines.push(self.line(&row.cells, &widths));
            if index == 0 {
                lines.push("─".repeat(total(&widths).min(WIDTH)));
            }
            lines.extend(row.below.iter().cloned());
        }
        lines
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |column: usize, rows: &[Row]| {
            rows.iter().filter_map(|row| Some(row.cells.get(column)?.chars().count())).max().unwrap_or(0)
        };
        (0..self.aligned.len())
            .map(|column| match widest(column, &self.rows[1..]) {
                0 if self.rows.len() > 1 => 0,
                width => width.max(widest(column, &self.rows[..1])),
            })
            .collect()
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let columns = cells.iter().zip(widths).zip(&self.aligned).filter(|((_, width), _)| **width > 0);
        let columns = columns.map(|((cell, &width), align)| {
            let cell = shorten(cell, width);
            match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            }
        });
        columns.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    }
}

fn total(widths: &[usize]) -> usize {
    let columns = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_hang() {
        let lines = wrap("  └", 4, &"word ".repeat(30));
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  └ word") && lines[0].chars().count() <= WIDTH, "{lines:?}");
        assert!(lines[1].starts_with("    word"), "{lines:?}");
        assert_eq!(wrap("", 0, "a b"), ["a b"]);
    }

    #[test]
    fn columns_keep_their_places_whatever_the_names() {
        let mut table =
            Table::new(&[("processor", Align::Left), ("ms", Align::Right), ("note", Align::Left)]);
        table
            .row(["fused-cuda-resident".to_owned(), "1".to_owned(), String::new()], vec!["  └ below".into()]);
        table.row(["hf".to_owned(), "200".to_owned(), String::new()], Vec::new());
        assert_eq!(
            table.lines(&[0]),
            [
                "processor             ms",
                "────────────────────────",
                "fused-cuda-resident    1",
                "  └ below",
                "hf                   200",
            ]
        );
    }

    #[test]
    fn names_give_way_in_order_and_stay_legible() {
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left), ("c", Align::Right)]);
        table.row(["x".repeat(80), "y".repeat(40), "1".to_owned()], Vec::new());
        let lines = table.lines(&[0, 1]);
        assert!(!table.fits() && lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert!(lines[2].contains(&"y".repeat(40)), "only the first name had to be cut: {lines:?}");
    }
}
