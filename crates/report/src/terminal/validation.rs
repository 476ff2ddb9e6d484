//! A validation as `validate` prints it: failures first.

use patchmark_results::{
    CheckRow, CheckVerdict, Validation,
    text::{clean, shorten},
};

use super::layout::{WIDTH, wrap};
use crate::words::validation::{headline, lines};

/// How many lines of a traceback are shown; the result folder has everything that was kept.
const TRACE_LINES: usize = 6;

/// The whole report.
pub fn render(validation: &Validation) -> String {
    let mut out = Vec::new();
    out.extend(wrap("", 2, &headline(validation)));
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
        out.push(String::new());
        out.extend(wrap("  ", 4, &format!("? not decided, because {}: {}", clean(reason), names.join(", "))));
    }
    let passed: Vec<&str> = rows(CheckVerdict::Passed).map(|row| row.name.as_str()).collect();
    if !passed.is_empty() {
        out.push(String::new());
        out.extend(wrap("  ", 4, &format!("✓ {} passed: {}", passed.len(), passed.join(", "))));
    }
    let without: Vec<&str> = rows(CheckVerdict::NotApplicable).map(|row| row.name.as_str()).collect();
    if !without.is_empty() {
        out.extend(wrap("  ", 4, &format!("– not applicable: {}", without.join(", "))));
    }
    let parts = lines(validation);
    if !parts.is_empty() {
        out.push(String::new());
    }
    for part in parts {
        out.extend(wrap("  ", 4, &part));
    }
    // Not cut, because a command must stay complete to be pasted.
    out.into_iter().map(|line| line + "\n").collect()
}

fn failed(out: &mut Vec<String>, row: &CheckRow) {
    out.push(String::new());
    out.extend(wrap("  ", 4, &format!("✗ {}: {}", row.name, row.guards)));
    for finding in &row.findings {
        out.extend(wrap("      ", 8, &clean(&finding.detail)));
    }
    if row.count > row.findings.len() {
        out.extend(wrap("      ", 8, &format!("and {} more", row.count - row.findings.len())));
    }
    if let Some(trace) = row.findings.iter().map(|finding| &finding.trace).find(|trace| !trace.is_empty()) {
        let lines: Vec<&str> = trace.lines().filter(|line| !line.trim().is_empty()).collect();
        // Without faulthandler's long list of C modules, an exception's own line comes last.
        let lines: Vec<&str> =
            lines.into_iter().filter(|line| !line.starts_with("Extension modules:")).collect();
        for line in &lines[lines.len().saturating_sub(TRACE_LINES)..] {
            let visible: String = line.chars().filter(|c| !c.is_control()).collect();
            out.push(format!("      | {}", shorten(&visible, WIDTH - 8)));
        }
    }
    if let Some((width, height)) = row.smallest {
        out.extend(wrap("      ", 8, &format!("still fails on an image of {width}×{height} px")));
    }
    if !row.replay.is_empty() {
        // Complete, whatever its length, to be pasted.
        out.push(format!("      $ {}", row.replay));
    }
}
