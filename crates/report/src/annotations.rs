//! GitHub's workflow commands: lines on stdout that become annotations of a run.

use patchmark_results::{
    Decision, DecisionRow, Finding, Gap, Verdict,
    text::{clean, plural, shorten},
};

use crate::words::decision::{gap_word, headline, sentence};

/// How many annotations of a kind GitHub shows for one step; it drops further ones without a word.
const SHOWN: usize = 10;
/// The characters of one annotation: GitHub's runner cuts longer ones at 4096, and escaping may triple a character.
const LONGEST: usize = 1200;

/// The whole decision first, then one line for each row that fails or stands out, for each gap and for each difference of
/// the environment, as many as GitHub shows; a last line says how many more there are, and where.
pub fn render(decision: &Decision) -> String {
    let (errors, warnings) = remarks(decision);
    let passed = decision.exit_code == 0;
    let title = format!("patchmark {}", decision.kind.name());
    let mut lines = vec![line(if passed { "notice" } else { "error" }, &title, &headline(decision))];
    let room = if passed { SHOWN } else { SHOWN - 1 };
    lines.extend(errors.iter().take(room).map(|text| line("error", &title, text)));
    lines.extend(warnings.iter().take(SHOWN).map(|text| line("warning", &title, text)));
    let more =
        [(errors.len().saturating_sub(room), "error"), (warnings.len().saturating_sub(SHOWN), "warning")];
    let more: Vec<String> = more
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| plural(*count as u64, &format!("more {kind}")))
        .collect();
    if !more.is_empty() {
        let text = format!(
            "{} not shown here, because GitHub shows {SHOWN} of a kind; summary.md in the result's folder lists every row",
            more.join(" and ")
        );
        lines.push(line("notice", &title, &text));
    }
    lines.concat()
}

/// What is wrong, the gravest first, and what stands out without failing.
fn remarks(decision: &Decision) -> (Vec<String>, Vec<String>) {
    let mut failing: Vec<&DecisionRow> =
        decision.rows.iter().filter(|row| row.fails(decision.allow_inconclusive)).collect();
    failing.sort_by_key(|row| match (row.finding, row.verdict) {
        (Some(Finding::Parity), _) => 0,
        (_, Verdict::Regressed) => 1,
        (Some(_), _) => 2,
        _ => 3,
    });
    let notable = |row: &&DecisionRow| {
        let undecided = row.finding == Some(Finding::New) || row.verdict == Verdict::Inconclusive;
        row.counts && undecided && !row.fails(decision.allow_inconclusive)
    };
    let gap = |gap: &Gap| format!("{}: {}", gap_word(gap), clean(&gap.sentence()));
    let mut errors: Vec<String> = decision.gaps.iter().map(gap).collect();
    errors.extend(failing.into_iter().map(sentence));
    let mut warnings: Vec<String> = decision.rows.iter().filter(notable).map(sentence).collect();
    let differences = if decision.allow_environment { &mut warnings } else { &mut errors };
    differences.extend(decision.differences.iter().cloned());
    (errors, warnings)
}

fn line(level: &str, title: &str, text: &str) -> String {
    format!("::{level} title={}::{}\n", property(title), data(&shorten(text, LONGEST)))
}

/// Escapes the text after the second `::`, which a newline or a percent sign would end or change.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property's value, which a colon or a comma would also end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::decision::{decision, row};

    use super::*;

    #[test]
    fn the_summary_comes_first_and_what_github_would_drop_is_counted() {
        let mut rows: Vec<_> = (0..30).map(|i| row(&format!("slow{i}"), Verdict::Regressed, None)).collect();
        rows.extend((0..12).map(|i| row(&format!("new{i}"), Verdict::Inconclusive, Some(Finding::New))));
        rows.push(row("wrong", Verdict::Regressed, Some(Finding::Parity)));
        let mut decision = decision(rows);
        decision.differences.push("2 threads, not 4".into());
        let text = render(&decision);
        let count = |kind: &str| text.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
        assert_eq!([count("error"), count("warning"), count("notice")], [10, 10, 1], "{text}");
        assert!(text.lines().next().unwrap().ends_with("(exit code 4)"), "{text}");
        assert!(text.lines().nth(1).unwrap().contains("::wrong"), "the gravest comes first: {text}");
        let last = text.lines().last().unwrap();
        assert!(
            last.contains("::23 more errors and 2 more warnings not shown here")
                && last.contains("summary.md")
        );
    }

    #[test]
    fn a_decision_with_few_remarks_counts_nothing() {
        let text = render(&decision(vec![row("a", Verdict::Equivalent, None)]));
        assert_eq!(
            text,
            "::notice title=patchmark compare::nothing regressed: 1 row equivalent (exit code 0)\n"
        );
    }

    #[test]
    fn no_text_can_end_a_line_or_start_a_command() {
        let mut decision = decision(vec![row("a\r\n::error::b, 5%0A", Verdict::Regressed, None)]);
        decision.differences.push(format!("two\nlines, 100%: {}", "x".repeat(10_000)));
        let text = render(&decision);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.starts_with("::error title=patchmark compare::")), "{text}");
        assert!(text.contains("b, 5%250A") && text.contains("two%0Alines, 100%25: xxx"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 4096));
    }

    #[test]
    fn properties_lose_what_would_end_them() {
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
