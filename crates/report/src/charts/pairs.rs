//! The changes in a decision and in a validation's times.

use anyhow::Result;
use patchmark_results::{
    Decision, DecisionKind, Finding, Rule, Validation,
    text::{clean, number, plural},
};

use super::{
    caption,
    chart::Chart,
    forest::{Row, chart},
    frame::Frame,
};
use crate::words::{decision::word, machine::whole_machine};

/// Every row of a decision.
pub(super) fn of_decision(decision: &Decision) -> Result<Chart> {
    let (labels, common) = labels(decision);
    let rows: Vec<Row> = decision
        .rows
        .iter()
        .zip(labels)
        .map(|(row, label)| Row {
            label,
            change: row.judgement.as_ref().map(|judged| judged.change),
            least: row.judgement.as_ref().map_or(decision.rule.min_effect, |judged| judged.min_effect),
            verdict: row.judgement.as_ref().map_or(row.verdict, |judged| judged.verdict),
            word: word(row).to_owned(),
            wrong: row.finding.is_some_and(|finding| finding != Finding::New),
        })
        .collect();
    let rounds = decision.rows.iter().map(|row| row.rounds).max().unwrap_or(0);
    let environment = &decision.environment;
    let mut remarks = vec![together(&decision.rule)];
    if decision.partial {
        remarks.push("partial: interrupted".to_owned());
    }
    if !decision.differences.is_empty() {
        remarks.push("the environments differ".to_owned());
    }
    let frame = Frame {
        title: match decision.kind {
            DecisionKind::Compare => "What changed, timed in turn",
            DecisionKind::Gate => "What changed since the baseline",
        }
        .to_owned(),
        subtitle: subtitle(&decision.candidate, &decision.base, &common),
        caption: vec![
            format!("{} · {}", whole_machine(environment), caption::versions(environment)),
            format!("n = up to {} · {}", plural(rounds as u64, "round"), remarks.join(" · ")),
        ],
    };
    // All rows are of one figure, or of several, which their names then say.
    let figure = decision.rows.first().map(|row| row.figure.as_str());
    let figure = figure.filter(|first| decision.rows.iter().all(|row| row.figure == *first));
    chart(frame, figure, &rows)
}

/// The times of a validation, one row per batch size.
pub(super) fn of_validation(validation: &Validation) -> Result<Chart> {
    let rows: Vec<Row> = validation
        .found
        .speed
        .iter()
        .map(|row| Row {
            label: format!("batch {}", row.batch_size),
            change: row.judgement.map(|judged| judged.change),
            least: row.judgement.map_or(0.0, |judged| judged.min_effect),
            verdict: row.verdict,
            word: row.verdict.word().to_owned(),
            wrong: false,
        })
        .collect();
    let version =
        |name: &str| clean(validation.candidate_versions.get(name).map_or("unknown", String::as_str));
    let rounds = validation.found.speed.iter().map(|row| row.rounds).max().unwrap_or(0);
    let rounds = plural(rounds as u64, "round");
    let frame = Frame {
        title: "Time compared with the reference".to_owned(),
        subtitle: subtitle(&validation.candidate, &validation.reference, &["preprocess"]),
        caption: vec![
            format!(
                "torch {} at {} · transformers {} · {} · commit {}",
                version("torch"),
                clean(&validation.cpu_capability),
                version("transformers"),
                plural(validation.threads as u64, "thread"),
                clean(&validation.commit)
            ),
            match &validation.rule {
                Some(rule) => format!("n = up to {rounds} · {}", together(rule)),
                None => format!("n = up to {rounds}"),
            },
        ],
    };
    chart(frame, Some("preprocess ms"), &rows)
}

/// The confidence of all intervals together under a rule.
fn together(rule: &Rule) -> String {
    format!("{}% confidence for all intervals together", number(100.0 * (1.0 - rule.error_rate)))
}

/// The rows' names without what all of them share, and what they share.
fn labels<'a>(decision: &'a Decision) -> (Vec<String>, Vec<&'a str>) {
    let parts: Vec<[&'a str; 3]> =
        decision.rows.iter().map(|row| [row.subject.as_str(), &row.batch, &row.figure]).collect();
    let shared: [bool; 3] = std::array::from_fn(|part| {
        // The images always stay in the name, as nothing else may distinguish the rows.
        part != 1 && parts.len() > 1 && parts.iter().all(|row| row[part] == parts[0][part])
    });
    let pick = |row: [&'a str; 3], common: bool| -> Vec<&'a str> {
        row.into_iter().zip(shared).filter(|(_, shared)| *shared == common).map(|(part, _)| part).collect()
    };
    let labels = parts.iter().map(|row| pick(*row, false).join(", ")).collect();
    let mut common = parts.first().map_or_else(Vec::new, |row| pick(*row, true));
    // The subtitle already begins with the candidate's own name.
    common.retain(|part| !part.starts_with(&decision.candidate));
    (labels, common)
}

fn subtitle(candidate: &str, base: &str, common: &[&str]) -> String {
    let of = if common.is_empty() { String::new() } else { format!(", {}", clean(&common.join(", "))) };
    format!(
        "{} compared with {}{of}: changes with their intervals; within the band, a change is too small to matter",
        clean(candidate),
        clean(base)
    )
}
