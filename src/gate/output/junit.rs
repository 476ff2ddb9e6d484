//! The decision as JUnit XML, which every CI system shows: one test case a row.

use std::fmt::Write;

use super::cells::{sentence, word};
use crate::{
    gate::{Decision, Finding, Verdict},
    report::format::clean,
};

/// The decision as a JUnit document. A row that fails is a failure, one that does not count or is new
/// is skipped.
pub fn junit(decision: &Decision) -> String {
    let fails = |row: &crate::gate::Row| row.fails(decision.allow_inconclusive);
    let skips = |row: &crate::gate::Row| !row.counts || row.finding == Some(Finding::New);
    let differs = !decision.differences.is_empty() && !decision.allow_environment;
    let failures = decision.rows.iter().filter(|row| fails(row)).count() + usize::from(differs);
    let skipped = decision.rows.iter().filter(|row| skips(row)).count();
    let tests = decision.rows.len() + usize::from(differs);
    let name = format!("patchmark {}", decision.kind.name());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail, so the results of `write!` are dropped here and below.
    let _ = writeln!(
        out,
        "<testsuites>\n  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"{skipped}\" time=\"{:.3}\">",
        decision.elapsed_s
    );
    for row in &decision.rows {
        let class = format!("{name}.{}", clean(&row.figure));
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\"",
            escape(&class),
            escape(&format!("{}, {}", row.subject, row.batch))
        );
        let text = escape(&sentence(row));
        if fails(row) {
            let kind = escape(word(row));
            let _ = writeln!(
                out,
                ">\n      <failure type=\"{kind}\" message=\"{text}\">{text}</failure>\n    </testcase>"
            );
        } else if skips(row) {
            let _ = writeln!(out, ">\n      <skipped message=\"{text}\"/>\n    </testcase>");
        } else if row.verdict == Verdict::Inconclusive {
            let _ = writeln!(out, ">\n      <system-out>{text}</system-out>\n    </testcase>");
        } else {
            out += "/>\n";
        }
    }
    if differs {
        let text = escape(&decision.differences.join("; "));
        let _ = writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"environment\">\n      <failure type=\"environment\" \
             message=\"{text}\">{text}</failure>\n    </testcase>"
        );
    }
    out += "  </testsuite>\n</testsuites>\n";
    out
}

/// Text in an element or an attribute, without what XML cannot hold.
fn escape(text: &str) -> String {
    let text = clean(text).replace(['\u{fffe}', '\u{ffff}'], " ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
