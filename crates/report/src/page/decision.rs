//! The page of a decision: `compare` or `gate`.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::{
    Decision, DecisionKind, Finding, Verdict,
    text::{change, clean, count, number, plural},
};

use super::{
    facts,
    grid::{self, Cell},
    sheet::{Number, Sheet},
};
use crate::{
    charts::Chart,
    format::Format,
    words::{
        decision::{gap_word, legend, sides, title, word},
        figures::change_interval,
        warnings,
    },
};

const COLUMNS: [(&str, bool); 8] = [
    ("Subject", false),
    ("Images", false),
    ("Figure", false),
    ("Base", true),
    ("Candidate", true),
    ("Change", true),
    ("±min", true),
    ("Verdict", false),
];

/// The decision as one HTML document; see [`super::of_run`].
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_decision(decision: &Decision, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let (usual, file) = match decision.kind {
        DecisionKind::Compare => ("patchmark compare", "compare.json"),
        DecisionKind::Gate => ("patchmark gate", "gate.json"),
    };
    let notes: Vec<String> = legend(decision).into_iter().chain(decision.notes.iter().cloned()).collect();
    let mut environment = vec![("Base", decision.base.clone()), ("Candidate", decision.candidate.clone())];
    environment.extend(facts::of_environment(&decision.environment));
    Sheet {
        about: sides(decision),
        headline: title(decision),
        lead: lead(decision),
        numbers: numbers(decision),
        charts,
        beside,
        tables: vec![("All rows", table(decision))],
        notes: &notes,
        environment: facts::list(&environment),
        again: facts::again(&decision.environment, usual, decision.elapsed_s),
        file,
    }
    .render()
}

fn lead(decision: &Decision) -> Markup {
    html! {
        @if decision.partial {
            p.warning { strong { "Partial: " } "it was interrupted, so nothing was decided." }
        }
        @for gap in &decision.gaps { p.warning { strong { (gap_word(gap)) ": " } (clean(&gap.sentence())) } }
        @for difference in &decision.differences { p.warning { "The environments differ: " (clean(difference)) } }
        @for warning in warnings::of_decision(decision) { p.warning { strong { "Warning: " } (warning) } }
    }
}

/// The number of regressed rows, the number of inconclusive rows, and the largest change.
fn numbers(decision: &Decision) -> Vec<Number> {
    let rows = decision.counted().filter(|row| row.finding != Some(Finding::New)).count();
    let tally = |name: &str, verdict| {
        let found = decision.counted().filter(|row| row.verdict == verdict).count();
        Number {
            name: name.to_owned(),
            shown: count(found as u64),
            value: found as f64,
            detail: format!("of {}", plural(rows as u64, "counted row")),
        }
    };
    let judged = decision.counted().filter_map(|row| Some((row, row.judgement.as_ref()?.change)));
    let size = |change: f64| change.ln_1p().abs();
    let largest = judged.max_by(|(_, a), (_, b)| size(a.median).total_cmp(&size(b.median)));
    let largest = largest.map(|(row, found)| Number {
        name: format!("largest change: {}", clean(&row.name())),
        shown: change(found.median),
        value: found.median,
        detail: change_interval(&found),
    });
    let mut numbers =
        vec![tally("rows regressed", Verdict::Regressed), tally("rows inconclusive", Verdict::Inconclusive)];
    numbers.extend(largest);
    numbers
}

fn table(decision: &Decision) -> Markup {
    let rows = decision.rows.iter().map(|row| {
        let judged = row.judgement.as_ref();
        let found = judged.map(|judged| judged.change);
        let mut verdict = Cell::text(word(row));
        if !row.counts {
            verdict.text += " (not counted)";
        }
        verdict.small = row.reason.as_deref().map(clean);
        verdict.bad = row.fails(decision.allow_inconclusive);
        vec![
            Cell::text(clean(&row.subject)),
            Cell::text(clean(&row.batch)),
            Cell::text(clean(&row.figure)),
            Cell::number(row.base, number),
            Cell::number(row.candidate, number),
            Cell {
                text: found.map_or_else(
                    || "—".to_owned(),
                    |found| format!("{} {}", change(found.median), change_interval(&found)),
                ),
                key: found.map(|found| found.median),
                ..Cell::default()
            },
            Cell::number(judged.map(|judged| judged.min_effect), |least| format!("{:.1}%", least * 100.0)),
            verdict,
        ]
    });
    let caption = "Medians of base and candidate, and the change with the interval that decides. Click a heading to sort.";
    grid::table("All rows", caption, &COLUMNS, decision.rows.len(), rows)
}
