//! A decision in words.

use patchmark_results::{
    Decision, DecisionKind, DecisionRow, Finding, Gap, GapKind, Outcome, Verdict,
    text::{change, clean, number, plural},
};

use super::figures::{NONE, change_interval, change_with_interval, min_effect};

/// Who was compared with whom.
pub fn sides(decision: &Decision) -> String {
    format!("{} compared with {}", clean(&decision.candidate), clean(&decision.base))
}

/// The headline behind the conclusion.
pub fn title(decision: &Decision) -> String {
    format!("{}: {}", conclusion(decision), headline(decision))
}

/// The conclusion in a word or two that agrees with the exit code: the verdict, unless something else decided.
pub fn conclusion(decision: &Decision) -> &'static str {
    match decision.outcome() {
        Outcome::Done | Outcome::NotSaved => decision.verdict.word(),
        Outcome::Regressed => Verdict::Regressed.word(),
        Outcome::ParityFailed => "parity failed",
        Outcome::Inconclusive => Verdict::Inconclusive.word(),
        Outcome::EnvironmentDiffers => "not comparable",
        Outcome::Interrupted => "partial",
    }
}

/// What kind of gap it is, in a word or two.
pub fn gap_word(gap: &Gap) -> &'static str {
    match gap.kind {
        GapKind::Identical => "identical inputs",
        GapKind::NothingCounts => "nothing compared",
        GapKind::NoRow => "selects nothing",
        GapKind::NoRatio => "ceiling without effect",
    }
}

/// The word in the verdict column: the finding if there is one, otherwise the verdict.
pub fn word(row: &DecisionRow) -> &'static str {
    match row.finding {
        Some(Finding::Missing) => "missing",
        Some(Finding::New) => "new",
        Some(Finding::Parity) => "outputs differ",
        Some(Finding::NotVerified) => "not verified",
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
    } else if !decision.gaps.is_empty() || found(Finding::Missing) + found(Finding::NotVerified) > 0 {
        let missing = Some(found(Finding::Missing)).filter(|count| *count > 0);
        let unverified = Some(found(Finding::NotVerified)).filter(|count| *count > 0);
        let rows = [
            missing.map(|count| format!("{count} {of} missing")),
            unverified.map(|count| format!("outputs not verified in {count} {of}")),
        ];
        rows.into_iter().flatten().chain(gaps(decision)).collect::<Vec<_>>().join(", ")
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
    let accepted = if decision.accepted { ", accepted as the new baseline" } else { "" };
    format!("{text}{accepted} (exit code {})", decision.exit_code)
}

/// The gaps of each kind, for the headline.
fn gaps(decision: &Decision) -> Vec<String> {
    let of = |kind| decision.gaps.iter().filter(|gap| gap.kind == kind).count() as u64;
    let phrase = |kind| match (kind, of(kind)) {
        (_, 0) => None,
        (GapKind::Identical, _) => Some("base and candidate are the same".to_owned()),
        (GapKind::NothingCounts, _) => Some("no row was compared".to_owned()),
        (GapKind::NoRow, count) => Some(format!("the policy selects nothing in {}", plural(count, "place"))),
        (GapKind::NoRatio, 1) => Some("1 ceiling has no effect".to_owned()),
        (GapKind::NoRatio, count) => Some(format!("{count} ceilings have no effect")),
    };
    let kinds = [GapKind::Identical, GapKind::NothingCounts, GapKind::NoRow, GapKind::NoRatio];
    kinds.into_iter().filter_map(phrase).collect()
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
