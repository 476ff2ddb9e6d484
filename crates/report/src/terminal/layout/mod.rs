//! Text for a terminal of a given width: wrapped paragraphs and aligned tables. Nothing is cut: what is too wide is wrapped.

mod fold;
mod paragraph;
mod screen;
mod table;

pub use self::{
    fold::{GLUE, glued},
    paragraph::Paragraph,
    screen::columns,
    table::{Column, Table},
};

/// The largest width of a paragraph in columns: longer lines are hard to read.
const PROSE: usize = 100;

/// Lines of at most a given number of columns.
#[derive(Debug)]
pub struct Text {
    columns: usize,
    lines: Vec<String>,
}

impl Text {
    /// An empty text of the given width.
    pub fn new(columns: usize) -> Self {
        Self { columns, lines: Vec::new() }
    }

    /// Adds `text`, on further lines if it is too wide.
    pub fn line(&mut self, text: &str) {
        self.paragraph("", 4, text);
    }

    /// Adds an empty line.
    pub fn blank(&mut self) {
        self.lines.push(String::new());
    }

    /// Adds `text` after `lead`, as [`Paragraph::new`] lays them out.
    pub fn paragraph(&mut self, lead: &str, hanging: usize, text: &str) {
        self.lines.extend(Paragraph::new(lead, hanging, text).lines(self.columns.min(PROSE)));
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) {
        self.lines.extend(table.lines(self.columns));
    }

    /// Adds a line as it is, whatever its width: a command, which must stay complete to be pasted.
    pub fn verbatim(&mut self, line: String) {
        self.lines.push(line);
    }

    /// The text, with a newline at the end of every line.
    pub fn finish(self) -> String {
        self.lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}
