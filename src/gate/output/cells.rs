//! Words and numbers that every output shares.

use crate::gate::{Decision, Finding, Row, Verdict, decision::Kind};
use crate::report::format::{self, change_interval, clean, number};

/// The word in the verdict's column: what is wrong where something is, the verdict otherwise.
pub(crate) fn word(row: &Row) -> &'static str {
    match row.finding {
        Some(Finding::Missing) => "missing",
        Some(Finding::New) => "new",
        Some(Finding::Parity) => "outputs differ",
        Some(Finding::Ceiling) => "above ceiling",
        None => row.verdict.word(),
    }
}

/// A figure, or a dash.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), number)
}

/// A minimum effect, which has no sign.
pub(super) fn least(effect: f64) -> String {
    format!("{:.1}%", effect * 100.0)
}

/// The change with its interval.
pub(super) fn change(row: &Row) -> String {
    row.judgement.as_ref().map_or_else(
        || "—".to_owned(),
        |judged| format!("{} {}", format::change(judged.change.median), change_interval(&judged.change)),
    )
}

/// One sentence about a row that fails or stands out.
pub(super) fn sentence(row: &Row) -> String {
    let mut text = format!("{}: {}", clean(&row.name()), word(row));
    if let (Some(judged), Some(base), Some(candidate)) = (&row.judgement, row.base, row.candidate) {
        text += &format!(
            ", {} to {}, {} {}, minimum effect {}",
            number(base),
            number(candidate),
            format::change(judged.change.median),
            change_interval(&judged.change),
            least(judged.min_effect)
        );
    }
    if let Some(reason) = &row.reason {
        text += &format!("; {}", clean(reason));
    }
    text
}

/// The whole decision in one line.
pub(crate) fn headline(decision: &Decision) -> String {
    let counted = decision.counted().filter(|row| row.finding != Some(Finding::New)).count();
    let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let found = |finding| decision.counted().filter(|row| row.finding == Some(finding)).count();
    let word = |verdict| decision.counted().filter(|row| row.verdict == verdict).count();
    let of = format!("of {}", rows(counted));
    let text = if decision.partial {
        "interrupted; nothing is decided".to_owned()
    } else if found(Finding::Parity) > 0 {
        format!("outputs differ in {} {of}", found(Finding::Parity))
    } else if decision.verdict == Verdict::Regressed {
        format!("{} {of} regressed", word(Verdict::Regressed))
    } else if found(Finding::Missing) > 0 {
        format!("{} {of} missing", found(Finding::Missing))
    } else if !decision.differences.is_empty() && !decision.allow_environment {
        "the environment differs from the baseline's".to_owned()
    } else if decision.verdict == Verdict::Inconclusive {
        let passed = if decision.allow_inconclusive { ", which the policy allows" } else { "" };
        format!("{} {of} inconclusive{passed}", word(Verdict::Inconclusive))
    } else if decision.verdict == Verdict::Improved {
        format!("nothing regressed, {} {of} improved", word(Verdict::Improved))
    } else {
        format!("nothing regressed, {} equivalent", rows(counted))
    };
    format!("{text} (exit code {})", decision.exit_code)
}

/// What the verdicts mean and how sure they are.
pub(crate) fn legend(decision: &Decision) -> Vec<String> {
    let rule = &decision.rule;
    let mut lines = vec![format!(
        "change: candidate ÷ base − 1, median [interval]; all intervals together hold with {}%, corrected for {} × {}",
        number(100.0 * (1.0 - rule.error_rate)),
        if rule.rows == 1 { "1 row".to_owned() } else { format!("{} rows", rule.rows) },
        if rule.looks == 1 { "1 look".to_owned() } else { format!("{} looks", rule.looks) },
    )];
    lines.push(match decision.kind {
        Kind::Compare => format!(
            "a verdict needs the interval beyond ±min: {}, or what the base differs from itself in this run",
            least(rule.min_effect)
        ),
        Kind::Gate => {
            "a verdict needs the interval beyond ±min, the minimum effect; `patchmark.toml` sets it"
                .to_owned()
        }
    });
    lines
}
