//! A validation in words.

use patchmark_results::{
    CheckRow, CheckVerdict, ParityClass, Validation,
    text::{clean, number, plural},
    validation::Conclusion,
};

use super::figures::{change_with_interval, min_effect};

/// One sentence on all of it.
pub fn headline(validation: &Validation) -> String {
    let found = &validation.found;
    let failed = found.failed().count();
    let ran = |row: &&CheckRow| matches!(row.verdict, CheckVerdict::Passed | CheckVerdict::Failed);
    let ran = plural(found.checks.iter().filter(ran).count() as u64, "check");
    let against = &validation.reference;
    let relaxed = validation.relaxed.as_ref();
    let relaxed = relaxed.map_or_else(String::new, |options| format!(" (relaxed by {options})"));
    let what = match validation.verdict {
        Conclusion::Passed => format!("may replace {against}: all {ran} passed"),
        Conclusion::Slower => format!("is right and slower than {against}"),
        Conclusion::Failed => format!("may not replace {against}: {failed} of {ran} failed"),
        Conclusion::Undecided if failed == 0 && found.speed_verdict().is_some() => {
            format!("passed all {ran}; its speed beside {against} was not decided")
        }
        Conclusion::Undecided => format!("could not be decided against {against}"),
    };
    clean(&format!("{} {what}{relaxed}", validation.candidate))
}

/// One line each for parity, embeddings and every batch size that was timed.
pub fn lines(validation: &Validation) -> Vec<String> {
    let mut lines = Vec::new();
    let found = &validation.found;
    if let Some(parity) = &found.parity {
        let classes: Vec<String> =
            parity.by_class.iter().map(|(class, cases)| format!("{cases} {class}")).collect();
        let beside = match parity.incomparable {
            0 => String::new(),
            count => format!(", {count} not comparable"),
        };
        let calls = plural(parity.cases as u64, "call");
        lines.push(format!("parity: {calls}: {}{beside}", classes.join(", ")));
        if parity.class != ParityClass::Exact {
            lines.push(format!("        {}", parity.total.describe()));
        }
    }
    if let Some(found) = &found.embeddings {
        lines.push(format!(
            "behind {}{}: cosine {:.6} at worst, logits move by {:.2e} at most, top-1 of {} agrees for {}",
            found.model,
            if found.random { " (random weights)" } else { "" },
            found.worst_cosine,
            found.worst_logit,
            plural(found.images as u64, "image"),
            found.top1_agreement
        ));
    }
    lines.extend(speed_lines(validation));
    lines.extend(found.speed_missing.iter().map(|why| format!("speed: {why}")));
    lines
}

/// One line per batch size that was timed.
pub fn speed_lines(validation: &Validation) -> Vec<String> {
    let rows = validation.found.speed.iter();
    rows.map(|row| {
        let found = row.judgement.map_or_else(
            || "too few rounds".to_owned(),
            |judged| {
                format!("{}, ±{} counts", change_with_interval(&judged.change), min_effect(judged.min_effect))
            },
        );
        format!(
            "speed, batch {:>2}: {:>12} · {found}; {} ms against {} ms, {}",
            row.batch_size,
            row.verdict.word(),
            number(row.candidate_ms),
            number(row.reference_ms),
            plural(row.rounds as u64, "round")
        )
    })
    .collect()
}

/// How a check ended, in a cell.
pub fn result(row: &CheckRow) -> String {
    match row.verdict {
        CheckVerdict::Passed => "passed".to_owned(),
        CheckVerdict::Failed => format!("failed ({})", plural(row.count as u64, "finding")),
        CheckVerdict::NotApplicable => format!("does not apply: {}", clean(&row.reason)),
        CheckVerdict::NotRun => format!("not decided: {}", clean(&row.reason)),
    }
}

/// The checks, those that failed first and those that do not apply last.
pub fn by_result(validation: &Validation) -> Vec<&CheckRow> {
    let mut rows: Vec<_> = validation.found.checks.iter().collect();
    rows.sort_by_key(|row| match row.verdict {
        CheckVerdict::Failed => 0,
        CheckVerdict::NotRun => 1,
        CheckVerdict::Passed => 2,
        CheckVerdict::NotApplicable => 3,
    });
    rows
}
