//! The report for a terminal of 100 columns: what failed first.

use std::fmt::Write;

use super::Report;
use crate::{
    report::format::clean,
    validate::exam::{Row, Verdict},
};

const WIDTH: usize = 100;
/// Lines of a traceback that are shown; all that was kept is in the run folder.
const TRACE_LINES: usize = 6;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    paragraph(&mut out, "", &report.headline());
    let rows = |verdict| report.outcome.checks.iter().filter(move |row| row.verdict == verdict);
    for row in rows(Verdict::Failed) {
        failed(&mut out, row);
    }
    let mut undecided: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows(Verdict::NotRun) {
        match undecided.iter_mut().find(|(reason, _)| *reason == row.reason) {
            Some((_, names)) => names.push(row.name.as_str()),
            None => undecided.push((&row.reason, vec![row.name.as_str()])),
        }
    }
    for (reason, names) in undecided {
        out.push('\n');
        paragraph(&mut out, "  ", &format!("? not decided, because {}: {}", clean(reason), names.join(", ")));
    }
    let passed: Vec<&str> = rows(Verdict::Passed).map(|row| row.name.as_str()).collect();
    if !passed.is_empty() {
        out.push('\n');
        paragraph(&mut out, "  ", &format!("✓ {} passed: {}", passed.len(), passed.join(", ")));
    }
    let without: Vec<&str> = rows(Verdict::NotApplicable).map(|row| row.name.as_str()).collect();
    if !without.is_empty() {
        paragraph(&mut out, "  ", &format!("– {} do not apply: {}", without.len(), without.join(", ")));
    }
    let lines = report.lines();
    if !lines.is_empty() {
        out.push('\n');
    }
    for line in lines {
        paragraph(&mut out, "  ", &line);
    }
    out
}

fn failed(out: &mut String, row: &Row) {
    out.push('\n');
    paragraph(out, "  ", &format!("✗ {}: {}", row.name, row.guards));
    for finding in &row.findings {
        paragraph(out, "      ", &clean(&finding.detail));
    }
    if row.count > row.findings.len() {
        paragraph(out, "      ", &format!("and {} more", row.count - row.findings.len()));
    }
    if let Some(trace) = row.findings.iter().map(|finding| &finding.trace).find(|trace| !trace.is_empty()) {
        let lines: Vec<&str> = trace.lines().filter(|line| !line.trim().is_empty()).collect();
        // faulthandler's list of C modules is long, and an exception's own line comes last.
        let lines: Vec<&str> =
            lines.into_iter().filter(|line| !line.starts_with("Extension modules:")).collect();
        for line in &lines[lines.len().saturating_sub(TRACE_LINES)..] {
            let visible: String = line.chars().filter(|c| !c.is_control()).collect();
            let _ = writeln!(out, "      | {}", crate::report::format::shorten(&visible, WIDTH - 8));
        }
    }
    if let Some((width, height)) = row.smallest {
        paragraph(out, "      ", &format!("still so on an image of {width}×{height} px"));
    }
    if !row.replay.is_empty() {
        // Whole, whatever its length: it is to be pasted.
        let _ = writeln!(out, "      $ {}", row.replay);
    }
}

/// Wraps at spaces; the lines after the first are indented two more.
fn paragraph(out: &mut String, indent: &str, text: &str) {
    let mut line = indent.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = format!("{indent}  ");
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::paragraph;

    #[test]
    fn paragraphs_stay_within_a_hundred_columns() {
        let mut out = String::new();
        paragraph(&mut out, "    ", &"seven words of some length each time ".repeat(9));
        assert!(out.lines().all(|line| line.chars().count() <= 100 && line.starts_with("    ")));
        assert!(out.lines().count() > 3);
    }
}
