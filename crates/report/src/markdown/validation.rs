//! `summary.md` of a validation.

use std::fmt::Write;

use patchmark_results::{CheckVerdict, Validation, text::plural};

use super::escape::escape;
use crate::words::validation::{by_result, headline, lines, result};

/// The validation as Markdown.
pub fn render(validation: &Validation) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}\n", escape(&headline(validation)));
    for line in lines(validation) {
        let _ = writeln!(out, "- {}", escape(&line));
    }
    let _ = writeln!(out, "\n| check | result | guards |\n| --- | --- | --- |");
    let rows = by_result(validation);
    for row in &rows {
        let result = escape(&result(row));
        let result = if row.verdict == CheckVerdict::Failed { format!("**{result}**") } else { result };
        let _ = writeln!(out, "| {} | {result} | {} |", escape(&row.name), escape(&row.guards));
    }
    for row in rows.iter().filter(|row| row.verdict == CheckVerdict::Failed) {
        let _ = writeln!(out, "\n## {}\n", escape(&row.name));
        for finding in &row.findings {
            let _ = writeln!(out, "- {}", escape(&finding.detail));
            if !finding.code.is_empty() {
                let _ = writeln!(out, "\n```python\n{}\n```\n", fenced(&finding.code));
            }
        }
        if let Some((width, height)) = row.smallest {
            let _ = writeln!(out, "- still fails on an image of {width}×{height} px");
        }
        if let Some(evidence) = &row.evidence {
            let _ = writeln!(out, "- evidence: [{0}]({0})", evidence.display());
        }
        let _ = writeln!(out, "\n```sh\n{}\n```", row.replay);
        if let Some(trace) = row.findings.iter().map(|finding| &finding.trace).find(|trace| !trace.is_empty())
        {
            let _ = writeln!(out, "\n```text\n{}\n```", fenced(trace));
        }
    }
    let _ = writeln!(out, "\n| | candidate | reference |\n| --- | --- | --- |");
    let _ =
        writeln!(out, "| subject | {} | {} |", escape(&validation.candidate), escape(&validation.reference));
    let _ = writeln!(
        out,
        "| class | {} | {} |",
        escape(&validation.candidate_class),
        escape(&validation.reference_class)
    );
    for (package, version) in &validation.reference_versions {
        let own = validation.candidate_versions.get(package).map_or("–", String::as_str);
        let _ = writeln!(out, "| {} | {} | {} |", escape(package), escape(own), escape(version));
    }
    let _ = writeln!(
        out,
        "\nVector level {}, {}; patchmark {}; {:.0} s.",
        escape(&validation.cpu_capability),
        plural(validation.threads as u64, "thread"),
        escape(&validation.commit),
        validation.elapsed_s
    );
    out
}

/// Text of several lines as a fenced block can hold it.
fn fenced(text: &str) -> String {
    let visible: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    visible.replace("```", "'''").trim().to_owned()
}
