//! Summaries that GitHub accepts.

use patchmark_results::text::plural;

/// The bytes that GitHub accepts as the summary of one step of a job; it refuses all of a longer one.
pub const STEP: usize = 1 << 20;
/// The bytes of one result's summary, which leaves room in the step for what others write.
pub const RESULT: usize = 1_000_000;
/// Room for the sentence about what was left out, and for what it closes.
const RESERVED: usize = 400;

/// `text`, or as many of its first lines as fit in `room` bytes, and a sentence that says what was left out and that `file`
/// has all of it. Lines, and so rows of tables, are kept whole.
pub fn within(room: usize, text: String, file: &str) -> String {
    if text.len() <= room {
        return text;
    }
    let mut kept = String::new();
    let mut open = Open::default();
    let mut lines = text.lines();
    let mut rest = lines.clone();
    while let Some(line) = lines.next() {
        if kept.len() + line.len() + RESERVED > room {
            break;
        }
        kept += line;
        kept.push('\n');
        open.pass(line);
        rest = lines.clone();
    }
    let total = text.lines().filter(|line| row(line)).count();
    let rows = rest.clone().filter(|line| row(line)).count();
    let lost = match rows {
        0 => plural(rest.count() as u64, "line"),
        rows => format!("{rows} of {} of tables", plural(total as u64, "row")),
    };
    kept + &open.closing()
        + &format!(
            "\n**{lost} left out here, because GitHub accepts at most 1 MiB per step; `{file}` has everything.**\n"
        )
}

/// Whether a line is a row of a table, other than the rule below a header.
fn row(line: &str) -> bool {
    line.starts_with("| ") && !line.starts_with("| :--") && !line.starts_with("| --")
}

/// What is open where a text is cut.
#[derive(Debug, Default)]
struct Open {
    /// Collapsed sections.
    sections: usize,
    /// Backticks of a code block; 0 outside.
    fence: usize,
}

impl Open {
    fn pass(&mut self, line: &str) {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if self.fence > 0 {
            if ticks >= self.fence && ticks == line.trim_end().len() {
                self.fence = 0;
            }
        } else if ticks >= 3 {
            self.fence = ticks;
        } else if line.starts_with("<details>") {
            self.sections += 1;
        } else if line == "</details>" {
            self.sections = self.sections.saturating_sub(1);
        }
    }

    fn closing(&self) -> String {
        let fence = if self.fence > 0 { "`".repeat(self.fence) + "\n" } else { String::new() };
        fence + &"\n</details>\n".repeat(self.sections)
    }
}

#[cfg(test)]
mod tests {
    use patchmark_results::{
        Verdict,
        fixtures::{decision, validation},
    };

    use super::*;
    use crate::View;

    #[test]
    fn a_text_that_fits_is_left_alone() {
        let text = "| a |\n".repeat(100);
        assert_eq!(within(600, text.clone(), "run.json"), text);
    }

    #[test]
    fn a_text_is_cut_between_lines_and_says_how_many_are_missing() {
        let text = format!(
            "# Title\n\n<details><summary>x</summary>\n\n| 名 |\n| --- |\n{}",
            "| 漢字漢字漢字 |\n".repeat(1000)
        );
        for room in 500..700 {
            let cut = within(room, text.clone(), "gate.json");
            assert!(cut.len() <= room, "{} of {room}", cut.len());
            let rows = cut.lines().filter(|line| *line == "| 漢字漢字漢字 |").count();
            let others = cut.lines().filter(|line| line.starts_with('|')).count() - rows;
            assert_eq!(others, 2, "{cut}");
            assert!(cut.contains(&format!("**{} of 1,001 rows of tables left out", 1000 - rows)), "{cut}");
            assert!(cut.contains("\n</details>\n") && cut.contains("`gate.json` has everything"), "{cut}");
        }
    }

    #[test]
    fn a_code_block_is_closed_and_a_line_that_is_too_long_is_left_out_whole() {
        let text = format!("# Title\n````text\n<details>\n```\n{}\n````\n", "x".repeat(5000));
        let cut = within(1000, text, "validate.json");
        assert!(cut.starts_with("# Title\n````text\n<details>\n```\n````\n\n**2 lines left out"), "{cut}");
        assert!(!cut.contains("</details>") && !cut.contains("xx"), "{cut}");
    }

    #[test]
    fn no_result_has_a_summary_that_github_refuses() {
        let rows = (0..20_000).map(|i| decision::row(&format!("processor {i}"), Verdict::Regressed, None));
        let large = decision::decision(rows.collect()).summary();
        assert!(large.len() <= RESULT && large.len() > RESULT - 2 * RESERVED, "{}", large.len());
        assert!(
            large.starts_with("# Patchmark compare: regressed\n") && large.contains("`compare.json` has")
        );
        let long = validation::validation(&"text ".repeat(100_000)).summary();
        assert!(long.len() <= RESULT && long.contains("left out here"), "{}", long.len());
    }
}
