//! Paragraphs with a lead and hanging lines.

use super::fold::fold;

/// A text that is wrapped between words.
#[derive(Debug)]
pub struct Paragraph {
    indent: usize,
    hanging: usize,
    text: String,
}

impl Paragraph {
    /// `text` after `lead`, whose leading spaces indent the first line; further lines are indented by `hanging` columns.
    pub fn new(lead: &str, hanging: usize, text: &str) -> Self {
        let shown = lead.trim_start();
        let spaced = !shown.is_empty() && !shown.ends_with(' ');
        Self {
            indent: lead.len() - shown.len(),
            hanging,
            text: format!("{shown}{}{text}", if spaced { " " } else { "" }),
        }
    }

    /// The lines, each of at most `columns` columns.
    pub(super) fn lines(&self, columns: usize) -> Vec<String> {
        let room = |indent| columns.saturating_sub(indent);
        let lines = fold(&self.text, room(self.indent), room(self.hanging)).into_iter().enumerate();
        lines
            .map(|(index, line)| " ".repeat(if index == 0 { self.indent } else { self.hanging }) + &line)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use textwrap::core::display_width;

    use super::*;

    fn paragraph(columns: usize, lead: &str, hanging: usize, text: &str) -> Vec<String> {
        Paragraph::new(lead, hanging, text).lines(columns)
    }

    #[test]
    fn lines_break_between_words_and_hang() {
        let lines = paragraph(100, "  └", 4, &"word ".repeat(30));
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  └ word") && lines[1].starts_with("    word"), "{lines:?}");
        assert_eq!(paragraph(100, "", 0, "a b"), ["a b"]);
        assert_eq!(paragraph(100, "", 4, ""), [""], "an empty paragraph is an empty line");
    }

    #[test]
    fn a_lead_wider_than_the_line_wraps_too() {
        let lines = paragraph(40, "  images/s serial → pipelined (share of the forward alone):", 4, "hf 1.0");
        assert!(lines.iter().all(|line| display_width(line) <= 40), "{lines:?}");
        assert!(lines.concat().ends_with("hf 1.0"), "{lines:?}");
    }

    #[test]
    fn a_word_that_is_too_long_breaks_where_a_path_does() {
        let lines =
            paragraph(40, "", 4, "python:/a/very/long/path/to/the/processor_of_mine.py:Processor ran");
        assert_eq!(lines, ["python:/a/very/long/path/to/the/", "    processor_of_mine.py:Processor ran"]);
        let lines = paragraph(40, "", 4, &"漢字".repeat(30));
        assert!(lines.iter().all(|line| display_width(line) <= 40), "{lines:?}");
        assert_eq!(lines.iter().map(|line| line.trim()).collect::<String>(), "漢字".repeat(30));
    }
}
