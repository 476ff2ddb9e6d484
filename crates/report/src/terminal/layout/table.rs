//! Rows of cells below a header, in as many columns as fit.

use textwrap::core::display_width;

use super::{
    fold::{GLUE, fold, glued},
    paragraph::Paragraph,
};

/// Spaces between two columns of a table.
const GAP: usize = 2;
/// The width up to which a word never breaks, and up to which a name does not as long as a column can be left out instead.
const NAME: usize = 24;
/// The width up to which a name is kept on one line before rows are stacked.
const NARROW_NAME: usize = 12;

/// What a column does when the table is too wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Nothing.
    Nothing,
    /// Its cells wrap between words.
    Words,
    /// Its cells wrap wherever they must.
    Name,
}

/// A column: its name, its alignment and how it gives way.
#[derive(Debug, Clone)]
pub struct Column {
    name: &'static str,
    right: bool,
    gives: Gives,
    dropped: Option<u8>,
}

impl Column {
    /// Figures: aligned right, never wrapped.
    pub fn figures(name: &'static str) -> Self {
        Self { name, right: true, gives: Gives::Nothing, dropped: None }
    }

    /// Phrases: aligned left, wrapped between words.
    pub fn words(name: &'static str) -> Self {
        Self { name, right: false, gives: Gives::Words, dropped: None }
    }

    /// Names of any length: aligned left, broken wherever they must.
    pub fn names(name: &'static str) -> Self {
        Self { name, right: false, gives: Gives::Name, dropped: None }
    }

    /// A column that is left out if there is no room, those with the lowest `order` first.
    #[must_use]
    pub fn dropped(self, order: u8) -> Self {
        Self { dropped: Some(order), ..self }
    }
}

/// Rows below one header. A column that is empty in every row is left out.
///
/// If the table is too wide, phrases are wrapped between words and names of more than 24 columns are broken; if that is not
/// enough, columns that may be dropped are left out one after another, and a line below the table names them; if that is not
/// enough either, each row is stacked: its first cell, then `column: value` for all of its other cells. No cell is ever cut.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    below: Vec<Paragraph>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row, with paragraphs of its own below it.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>, below: Vec<Paragraph>) {
        self.rows.push(Row { cells: cells.into_iter().collect(), below });
    }

    /// Whether it is no wider than `columns` without wrapping a cell or leaving out a column.
    pub fn fits(&self, columns: usize) -> bool {
        total(&self.widths(display_width)) <= columns
    }

    /// The lines: a header, a rule and the rows, or the stacked rows.
    pub(super) fn lines(&self, columns: usize) -> Vec<String> {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.retain(|&column| self.columns[column].dropped.is_some());
        order.sort_by_key(|&column| self.columns[column].dropped);
        let natural = self.widths(display_width);
        let without = |dropped: &[usize], widths: &[usize]| -> Vec<usize> {
            let kept = |(column, &width)| if dropped.contains(&column) { 0 } else { width };
            widths.iter().enumerate().map(kept).collect()
        };
        let least = |name| self.least(&natural, name);
        for count in 0..=order.len() {
            let dropped = &order[..count];
            let names = if count == order.len() { NARROW_NAME } else { NAME };
            let widths = self.narrowed(without(dropped, &natural), &least(names), columns);
            if total(&widths) <= columns {
                let mut lines = self.aligned(&widths, columns);
                let dropped: Vec<usize> = dropped.iter().copied().filter(|&c| natural[c] > 0).collect();
                lines.extend(self.left_out(&dropped, total(&least(NAME)), columns));
                return lines;
            }
        }
        self.stacked(columns)
    }

    /// The width of each column if a cell is as wide as `of` says; 0 for a column that is empty in every row.
    fn widths(&self, of: impl Fn(&str) -> usize) -> Vec<usize> {
        let widest = |index: usize| self.rows.iter().map(|row| of(&row.cells[index])).max().unwrap_or(0);
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(index, column)| match widest(index) {
                0 if !self.rows.is_empty() => 0,
                width => width.max(of(column.name)),
            })
            .collect()
    }

    /// The least width of each column, if names keep up to `name` columns.
    fn least(&self, natural: &[usize], name: usize) -> Vec<usize> {
        let words = self.widths(|text| text.split(' ').map(display_width).max().unwrap_or(0));
        let columns = self.columns.iter().zip(natural).zip(&words);
        columns
            .map(|((column, &natural), &word)| match column.gives {
                Gives::Nothing => natural,
                Gives::Words => word.min(NAME),
                Gives::Name => natural.min(name.max(display_width(column.name))),
            })
            .collect()
    }

    /// `widths` narrowed until they fit in `columns`: time and again, the widest column that is above its `least` wraps its
    /// longest cells once more.
    fn narrowed(&self, mut widths: Vec<usize>, least: &[usize], columns: usize) -> Vec<usize> {
        while total(&widths) > columns {
            let above = (0..widths.len()).filter(|&column| widths[column] > least[column]);
            let Some(widest) = above.max_by_key(|&column| widths[column]) else { break };
            // A column that is wider than the whole table takes one step to that, however long its texts are.
            let next = (widths[widest] - 1).min(columns);
            widths[widest] = self.folded(widest, next).max(least[widest]);
        }
        widths
    }

    /// The width that a column uses if its cells are folded to `width`.
    fn folded(&self, column: usize, width: usize) -> usize {
        let cells = self.rows.iter().map(|row| row.cells[column].as_str());
        let lines = cells.chain([self.columns[column].name]).flat_map(|cell| fold(cell, width, width));
        lines.map(|line| display_width(&line)).max().unwrap_or(0)
    }

    fn aligned(&self, widths: &[usize], columns: usize) -> Vec<String> {
        let header: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let mut lines = self.cells(&header, widths);
        lines.push("─".repeat(total(widths)));
        for row in &self.rows {
            let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
            lines.extend(self.cells(&cells, widths));
            lines.extend(row.below.iter().flat_map(|below| below.lines(columns)));
        }
        lines
    }

    /// One row of cells, on as many lines as its longest cell needs.
    fn cells(&self, cells: &[&str], widths: &[usize]) -> Vec<String> {
        let shown = || cells.iter().zip(widths).zip(&self.columns).filter(|((_, width), _)| **width > 0);
        let folded: Vec<Vec<String>> = shown().map(|((cell, &width), _)| fold(cell, width, width)).collect();
        let height = folded.iter().map(Vec::len).max().unwrap_or(0);
        let line = |index: usize| {
            let columns = shown().zip(&folded).map(|(((_, &width), column), lines)| {
                let text = lines.get(index).map_or("", String::as_str);
                let space = " ".repeat(width.saturating_sub(display_width(text)));
                if column.right { space + text } else { text.to_owned() + &space }
            });
            columns.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
        };
        (0..height).map(line).collect()
    }

    /// Names the columns that were left out, and the width at which none is.
    fn left_out(&self, dropped: &[usize], needed: usize, columns: usize) -> Vec<String> {
        let names: Vec<&str> = dropped.iter().map(|&column| self.columns[column].name).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let text = format!("left out for lack of room: {} ({needed} columns show all)", names.join(", "));
        Paragraph::new("", 4, &text).lines(columns)
    }

    fn stacked(&self, columns: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            let mut cells =
                self.columns.iter().zip(&row.cells).filter(|(_, cell)| !cell.is_empty()).peekable();
            if let Some((_, title)) = cells.next_if(|(column, _)| column.name == self.columns[0].name) {
                lines.extend(Paragraph::new("", 4, title).lines(columns));
            }
            // Each stays on one line if it can.
            let facts = cells.map(|(column, cell)| {
                let fact = format!("{}: {cell}", column.name);
                if display_width(&fact) <= columns - 4 { glued(&fact) } else { fact }
            });
            let facts = facts.collect::<Vec<_>>().join(&format!("{GLUE}· "));
            lines.extend(Paragraph::new("  ", 4, &facts).lines(columns));
            lines.extend(row.below.iter().flat_map(|below| below.lines(columns)));
        }
        lines
    }
}

fn total(widths: &[usize]) -> usize {
    let columns = widths.iter().filter(|width| **width > 0).count();
    widths.iter().sum::<usize>() + GAP * columns.saturating_sub(1)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
