//! A decision in words.

use patchmark_results::{
    Decision, DecisionKind, DecisionRow, Finding, Verdict,
    text::{change, clean, number, plural},
};

use super::figures::{NONE, change_interval, change_with_interval, min_effect};

/// Who was compared with whom.
pub fn sides(decision: &Decision) -> String {
    format!("{} compared with {}", clean(&decision.candidate), clean(&decision.base))
}

/// The headline behind the verdict.
pub fn title(decision: &Decision) -> String {
    format!("{}: {}", decision.verdict.word(), headline(decision))
}

/// The word in the verdict column: the finding if there is one, otherwise the verdict.
pub fn word(row: &DecisionRow) -> &'static str {
    match row.finding {
        Some(Finding::Missing) => "missing",
        Some(Finding::New) => "new",
        Some(Finding::Parity) => "outputs differ",
        Some(Finding::Ceiling) => "above ceiling",
        None => row.verdict.word(),
    }
}

/// The change with its interval.
pub fn change_of(row: &DecisionRow) -> String {
    row.judgement.as_ref().map_or_else(|| NONE.to_owned(), |judged| change_with_interval(&judged.change))
}

/// One sentence about a row that fails or stands out.
pub fn sentence(row: &DecisionRow) -> String {
    let mut text = format!("{}: {}", clean(&row.name()), word(row));
    if let (Some(judged), Some(base), Some(candidate)) = (&row.judgement, row.base, row.candidate) {
        text += &format!(
            ", {} to {}, {} {}, minimum effect {}",
            number(base),
            number(candidate),
            change(judged.change.median),
            change_interval(&judged.change),
            min_effect(judged.min_effect)
        );
    }
    if let Some(reason) = &row.reason {
        text += &format!("; {}", clean(reason));
    }
    text
}

/// The whole decision on one line.
pub fn headline(decision: &Decision) -> String {
    let counted = decision.counted().filter(|row| row.finding != Some(Finding::New)).count();
    let rows = |count: usize| plural(count as u64, "row");
    let found = |finding| decision.counted().filter(|row| row.finding == Some(finding)).count();
    let word = |verdict| decision.counted().filter(|row| row.verdict == verdict).count();
    let of = format!("of {}", rows(counted));
    let text = if decision.partial {
        "interrupted; nothing was decided".to_owned()
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
    } else {
        let passed = [Verdict::Improved, Verdict::Equivalent, Verdict::NotSlower];
        let passed = passed.into_iter().filter(|verdict| word(*verdict) > 0);
        let passed: Vec<_> =
            passed.map(|verdict| format!("{} {}", rows(word(verdict)), verdict.word())).collect();
        format!("nothing regressed: {}", passed.join(", "))
    };
    format!("{text} (exit code {})", decision.exit_code)
}

/// The minimum effect that was applied to a row, or a dash.
pub fn min_effect_of(row: &DecisionRow) -> String {
    row.judgement.map_or_else(|| NONE.to_owned(), |judged| min_effect(judged.min_effect))
}

/// What the verdicts mean, and with what confidence.
pub fn legend(decision: &Decision) -> Vec<String> {
    let rule = &decision.rule;
    let mut lines = vec![format!(
        "change: candidate ÷ base − 1, median [interval]; {}% confidence for all intervals together, corrected for {} × {}",
        number(100.0 * (1.0 - rule.error_rate)),
        plural(rule.rows as u64, "row"),
        plural(rule.looks as u64, "look"),
    )];
    let min = match decision.kind {
        DecisionKind::Compare => format!(
            "{}, or the base's difference from itself in this run if that is larger",
            min_effect(rule.min_effect)
        ),
        DecisionKind::Gate => "the minimum effect, which `patchmark.toml` sets".to_owned(),
    };
    lines.push(format!(
        "regressed or improved: the whole interval lies beyond ±min; equivalent: within it; not slower: surely not \
         regressed, but equivalent or improved is not decided. min is {min}"
    ));
    lines
}
