//! A validation as `validate` prints it: failures first.

use patchmark_results::{CheckRow, CheckVerdict, Validation, text::clean};

use super::layout::Text;
use crate::words::validation::{headline, lines};

/// How many lines of a traceback are shown; the result folder has everything that was kept.
const TRACE_LINES: usize = 6;

/// The whole report in at most `columns` columns, except for commands, which must stay complete to be pasted.
pub fn render(validation: &Validation, columns: usize) -> String {
    let mut out = Text::new(columns);
    out.paragraph("", 2, &headline(validation));
    let rows = |verdict| validation.found.checks.iter().filter(move |row| row.verdict == verdict);
    for row in rows(CheckVerdict::Failed) {
        failed(&mut out, row);
    }
    let mut undecided: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows(CheckVerdict::NotRun) {
        match undecided.iter_mut().find(|(reason, _)| *reason == row.reason) {
            Some((_, names)) => names.push(row.name.as_str()),
            None => undecided.push((&row.reason, vec![row.name.as_str()])),
        }
    }
    for (reason, names) in undecided {
        out.blank();
        let text = format!("? not decided, because {}: {}", clean(reason), clean(&names.join(", ")));
        out.paragraph("  ", 4, &text);
    }
    let passed: Vec<&str> = rows(CheckVerdict::Passed).map(|row| row.name.as_str()).collect();
    if !passed.is_empty() {
        out.blank();
        out.paragraph("  ", 4, &format!("✓ {} passed: {}", passed.len(), clean(&passed.join(", "))));
    }
    let without: Vec<&str> = rows(CheckVerdict::NotApplicable).map(|row| row.name.as_str()).collect();
    if !without.is_empty() {
        out.paragraph("  ", 4, &format!("– not applicable: {}", clean(&without.join(", "))));
    }
    let parts = lines(validation);
    if !parts.is_empty() {
        out.blank();
    }
    for part in parts {
        out.paragraph("  ", 4, &part);
    }
    out.finish()
}

fn failed(out: &mut Text, row: &CheckRow) {
    out.blank();
    out.paragraph("  ", 4, &format!("✗ {}: {}", clean(&row.name), clean(&row.guards)));
    for finding in &row.findings {
        out.paragraph("      ", 8, &clean(&finding.detail));
    }
    // The first code says enough here, and is not indented, so that it can be pasted. The evidence has all of it.
    if let Some(finding) = row.findings.iter().find(|finding| !finding.code.is_empty()) {
        out.blank();
        finding.code.lines().for_each(|line| out.verbatim(clean(line)));
        out.blank();
    }
    if row.count > row.findings.len() {
        out.paragraph("      ", 8, &format!("and {} more", row.count - row.findings.len()));
    }
    if let Some(trace) = row.findings.iter().map(|finding| &finding.trace).find(|trace| !trace.is_empty()) {
        let lines: Vec<&str> = trace.lines().filter(|line| !line.trim().is_empty()).collect();
        // Without faulthandler's long list of C modules, an exception's own line comes last.
        let lines: Vec<&str> =
            lines.into_iter().filter(|line| !line.starts_with("Extension modules:")).collect();
        for line in &lines[lines.len().saturating_sub(TRACE_LINES)..] {
            let visible: String = line.chars().filter(|c| !c.is_control()).collect();
            out.paragraph("      |", 10, &visible);
        }
    }
    if let Some((width, height)) = row.smallest {
        out.paragraph("      ", 8, &format!("still fails on an image of {width}×{height} px"));
    }
    if !row.replay.is_empty() {
        out.verbatim(format!("      $ {}", row.replay));
    }
}
