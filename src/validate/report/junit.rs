//! The report as JUnit XML, one test case a check.

use std::fmt::Write;

use super::{Conclusion, Report};
use crate::validate::exam::Verdict;

/// `junit.xml`.
pub(super) fn render(report: &Report) -> String {
    let rows = &report.outcome.checks;
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let speed = usize::from(!report.outcome.speed.is_empty());
    let slower = usize::from(report.verdict == Conclusion::Slower);
    let _ = writeln!(
        out,
        "<testsuite name=\"patchmark validate {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.1}\">",
        escape(&report.candidate),
        rows.len() + speed,
        count(Verdict::Failed) + slower,
        count(Verdict::NotRun),
        count(Verdict::NotApplicable),
        report.elapsed_s
    );
    for row in rows {
        let _ = write!(out, "  <testcase classname=\"patchmark.validate\" name=\"{}\"", row.name);
        let _ = match row.verdict {
            Verdict::Passed => writeln!(out, "/>"),
            Verdict::NotApplicable => {
                writeln!(out, ">\n    <skipped message=\"{}\"/>\n  </testcase>", escape(&row.reason))
            }
            Verdict::NotRun => {
                writeln!(
                    out,
                    ">\n    <error message=\"not decided: {}\"/>\n  </testcase>",
                    escape(&row.reason)
                )
            }
            Verdict::Failed => {
                let mut text = String::new();
                for finding in &row.findings {
                    let _ = writeln!(text, "{}\n{}", finding.detail, finding.trace);
                }
                let message = row.findings.first().map_or("", |finding| &finding.detail);
                writeln!(
                    out,
                    ">\n    <failure message=\"{}\">{}\n{}</failure>\n  </testcase>",
                    escape(message),
                    escape(text.trim()),
                    escape(&row.replay)
                )
            }
        };
    }
    if speed == 1 {
        let _ = write!(out, "  <testcase classname=\"patchmark.validate\" name=\"speed\"");
        let _ = if slower == 1 {
            let lines: Vec<String> =
                report.lines().into_iter().filter(|line| line.starts_with("speed")).collect();
            writeln!(
                out,
                ">\n    <failure message=\"slower than the reference\">{}</failure>\n  </testcase>",
                escape(&lines.join("\n"))
            )
        } else {
            writeln!(out, "/>")
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// Text as XML allows it: markup escaped, characters that XML has no place for dropped.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_candidate_says_cannot_break_the_file() {
        assert_eq!(escape("a<b & \"c\">\u{1b}[0m\n"), "a&lt;b &amp; &quot;c&quot;&gt;\u{fffd}[0m\n");
    }
}
