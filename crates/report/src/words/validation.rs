//! A validation in words.

use patchmark_results::{
    CheckRow, CheckVerdict, ParityClass, SkippedFile, Validation,
    text::{clean, number, plural},
    validation::Conclusion,
};

use super::figures::{change_with_interval, min_effect};

/// Who was compared with whom.
pub fn sides(validation: &Validation) -> String {
    format!("{} compared with {}", clean(&validation.candidate), clean(&validation.reference))
}

/// The whole validation in one sentence.
pub fn headline(validation: &Validation) -> String {
    let found = &validation.found;
    let failed = found.failed().count();
    let ran = |row: &&CheckRow| matches!(row.verdict, CheckVerdict::Passed | CheckVerdict::Failed);
    let ran = plural(found.checks.iter().filter(ran).count() as u64, "check");
    // Whether every check was decided, and only the times are left.
    let compared = found.checks.iter().all(|row| row.verdict != CheckVerdict::NotRun);
    let reference = &validation.reference;
    let relaxed = validation.relaxed.as_ref();
    let relaxed = relaxed.map_or_else(String::new, |options| format!(" (relaxed by {options})"));
    let what = match validation.verdict {
        _ if found.partial => {
            let failed = if failed > 0 { format!(", of which {failed} failed") } else { String::new() };
            format!("was compared with {reference} only in part: interrupted after {ran}{failed}")
        }
        Conclusion::Passed => format!("may replace {reference}: all {ran} passed"),
        Conclusion::Slower => format!("is correct but slower than {reference}"),
        Conclusion::Failed => format!("may not replace {reference}: {failed} of {ran} failed"),
        Conclusion::Undecided if found.identical => {
            "is the reference itself, so nothing could differ; name another, or give --allow-identical"
                .to_owned()
        }
        Conclusion::Undecided if compared && found.speed_verdict().is_some() => {
            format!("passed all {ran}; whether it is slower than {reference} was not decided")
        }
        Conclusion::Undecided if compared => {
            format!("passed all {ran}; its speed beside {reference} was not measured")
        }
        Conclusion::Undecided => {
            let missing = found.checks.iter().filter(|row| row.verdict == CheckVerdict::NotRun).count();
            let missing = plural(missing as u64, "check");
            format!("could not be fully compared with {reference}: {missing} not decided")
        }
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
        lines.push(format!("parity, {calls}: {}{beside}", classes.join(", ")));
        if parity.class != ParityClass::Exact {
            lines.push(format!("        {}", parity.total.describe()));
        }
    }
    if let Some(found) = &found.embeddings {
        lines.push(format!(
            "embeddings of {}{}: worst cosine {:.6}, logits change by at most {:.2e}, same best text for {} of {}",
            found.model,
            if found.random { " (random weights)" } else { "" },
            found.worst_cosine,
            found.worst_logit,
            found.top1_agreement,
            plural(found.images as u64, "image")
        ));
    }
    lines.extend(speed_lines(validation));
    lines.extend(found.speed_notes.iter().map(|note| format!("speed: {}", clean(note))));
    lines.extend(found.speed_missing.iter().map(|why| format!("speed: {why}")));
    lines.extend(SkippedFile::sentence(&found.skipped_files));
    lines
}

/// One line per batch size that was timed.
pub fn speed_lines(validation: &Validation) -> Vec<String> {
    let rows = validation.found.speed.iter();
    rows.map(|row| {
        let found = row.judgement.map_or_else(
            || "too few rounds".to_owned(),
            |judged| {
                let least = min_effect(judged.min_effect);
                format!("{}, minimum effect {least}", change_with_interval(&judged.change))
            },
        );
        format!(
            "speed, batch {:>2}: {:>12} · {found}; candidate {} ms, reference {} ms, {}",
            row.batch_size,
            row.verdict.word(),
            number(row.candidate_ms),
            number(row.reference_ms),
            plural(row.rounds as u64, "round")
        )
    })
    .collect()
}

/// How a check ended, for a table cell.
pub fn result(row: &CheckRow) -> String {
    match row.verdict {
        CheckVerdict::Passed => "passed".to_owned(),
        CheckVerdict::Failed => format!("failed ({})", plural(row.count as u64, "finding")),
        CheckVerdict::NotApplicable => format!("does not apply: {}", clean(&row.reason)),
        CheckVerdict::NotRun => format!("not decided: {}", clean(&row.reason)),
    }
}

/// The checks, failed ones first and those that do not apply last.
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
