//! The report as Markdown.

use std::fmt::Write;

use super::Report;
use crate::{report::format::clean, validate::exam::Verdict};

/// `summary.md`.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", clean(&report.headline()));
    for line in report.lines() {
        let _ = writeln!(out, "- {}", cell(&line));
    }
    let _ = writeln!(out, "\n| check | result | guards |\n| --- | --- | --- |");
    let mut rows: Vec<_> = report.outcome.checks.iter().collect();
    rows.sort_by_key(|row| match row.verdict {
        Verdict::Failed => 0,
        Verdict::NotRun => 1,
        Verdict::Passed => 2,
        Verdict::NotApplicable => 3,
    });
    for row in &rows {
        let result = match row.verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed => format!("**failed** ({} findings)", row.count),
            Verdict::NotApplicable => format!("does not apply: {}", cell(&row.reason)),
            Verdict::NotRun => format!("not decided: {}", cell(&row.reason)),
        };
        let _ = writeln!(out, "| {} | {result} | {} |", row.name, row.guards);
    }
    for row in rows.iter().filter(|row| row.verdict == Verdict::Failed) {
        let _ = writeln!(out, "\n## {}\n", row.name);
        for finding in &row.findings {
            let _ = writeln!(out, "- {}", cell(&finding.detail));
        }
        if let Some((width, height)) = row.smallest {
            let _ = writeln!(out, "- still so on an image of {width}×{height} px");
        }
        if let Some(evidence) = &row.evidence {
            let _ = writeln!(out, "- evidence: [{0}]({0})", evidence.display());
        }
        let _ = writeln!(out, "\n```sh\n{}\n```", row.replay);
        if let Some(trace) = row.findings.iter().map(|finding| &finding.trace).find(|trace| !trace.is_empty())
        {
            let visible: String = trace.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
            let _ = writeln!(out, "\n```text\n{}\n```", visible.replace("```", "'''").trim());
        }
    }
    let _ = writeln!(out, "\n| | candidate | reference |\n| --- | --- | --- |");
    let _ = writeln!(out, "| subject | {} | {} |", cell(&report.candidate), cell(&report.against));
    let _ = writeln!(out, "| class | {} | {} |", cell(&report.candidate_class), cell(&report.against_class));
    for (package, version) in &report.against_versions {
        let own = report.candidate_versions.get(package).map_or("–", String::as_str);
        let _ = writeln!(out, "| {package} | {own} | {version} |");
    }
    let _ = writeln!(
        out,
        "\ntorch computes at {} with {} threads; patchmark {}; {:.0} s.",
        report.cpu_capability, report.threads, report.commit, report.elapsed_s
    );
    out
}

/// Text from outside in a cell or an item: one line, nothing that Markdown reads.
fn cell(text: &str) -> String {
    clean(text).replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
}
