//! GitHub's workflow commands: lines on stdout that become annotations of a run.

use patchmark_results::{Decision, Finding, Verdict, text::clean};

use crate::words::decision::{gap_word, headline, sentence};

/// One line per row that fails or stands out, one per gap, and one for the whole decision.
pub fn render(decision: &Decision) -> String {
    let mut out = String::new();
    let mut say = |level: &str, text: &str| {
        out += &format!(
            "::{level} title={}::{}\n",
            property(&format!("patchmark {}", decision.kind.name())),
            data(text)
        );
    };
    for row in &decision.rows {
        let level = if row.fails(decision.allow_inconclusive) {
            "error"
        } else if row.counts && (row.finding == Some(Finding::New) || row.verdict == Verdict::Inconclusive) {
            "warning"
        } else {
            continue;
        };
        say(level, &sentence(row));
    }
    for gap in &decision.gaps {
        say("error", &format!("{}: {}", gap_word(gap), clean(&gap.sentence())));
    }
    for difference in &decision.differences {
        say(if decision.allow_environment { "warning" } else { "error" }, difference);
    }
    say(if decision.exit_code == 0 { "notice" } else { "error" }, &headline(decision));
    out
}

/// Escapes the text after the second `::`, which a newline or a percent sign would end or change.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property's value, which a colon or a comma would also end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
