//! The page of a validation of one subject.

use anyhow::Result;
use maud::{Markup, html};
use patchmark_results::{
    CheckVerdict, Kind, Validation,
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
        figures::change_interval,
        validation::{headline, lines, sides},
    },
};

const COLUMNS: [(&str, bool); 4] =
    [("Check", false), ("Result", false), ("Guards", false), ("Findings", true)];

/// The validation as one HTML document; see [`super::of_run`].
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_validation(validation: &Validation, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let versions = |versions: &std::collections::BTreeMap<String, String>| {
        versions.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
    };
    Sheet {
        about: sides(validation),
        headline: headline(validation),
        lead: html! {
            @if validation.found.partial {
                p.warning { strong { "Partial: " } "it was interrupted, so not everything was decided." }
            }
            @if let Some(relaxed) = &validation.relaxed {
            p.warning { strong { "Relaxed: " } "differences were allowed by " (clean(relaxed)) "." }
        } },
        numbers: numbers(validation),
        charts,
        beside,
        tables: vec![("All checks", checks(validation)), ("What failed", failures(validation))]
            .into_iter()
            .filter(|(heading, _)| *heading != "What failed" || validation.found.failed().next().is_some())
            .collect(),
        notes: &lines(validation),
        environment: facts::list(&[
            ("Candidate", validation.candidate_class.clone()),
            ("Its packages", versions(&validation.candidate_versions)),
            ("Reference", validation.reference_class.clone()),
            ("Its packages", versions(&validation.reference_versions)),
            ("torch", format!("{} with {}", validation.cpu_capability, plural(validation.threads as u64, "thread"))),
            ("Commit", validation.commit.clone()),
        ]),
        again: html! {
            h2 id="again" { "Reproduce it" }
            pre tabindex="0" { code { "patchmark validate " (clean(&validation.candidate)) " --reference " (clean(&validation.reference)) } }
            p { "It took " (number(validation.elapsed_s)) " s." }
        },
        file: Kind::Validation.file(),
    }
    .render()
}

/// Checks that passed, values that differ, and the change from the reference's time at the largest batch.
fn numbers(validation: &Validation) -> Vec<Number> {
    let outcome = &validation.found;
    let passed = outcome.checks.iter().filter(|row| row.verdict == CheckVerdict::Passed).count();
    let failed = outcome.failed().count();
    let mut numbers = vec![Number {
        name: "checks passed".to_owned(),
        shown: count(passed as u64),
        value: passed as f64,
        detail: format!("of {}; {} failed", count(outcome.checks.len() as u64), count(failed as u64)),
    }];
    numbers.extend(outcome.parity.as_ref().map(|parity| Number {
        name: "values that differ".to_owned(),
        shown: count(parity.total.differing),
        value: parity.total.differing as f64,
        detail: format!(
            "of {} in {}: {}",
            count(parity.total.values),
            plural(parity.cases as u64, "call"),
            parity.class
        ),
    }));
    let timed = outcome.speed.iter().max_by_key(|row| row.batch_size);
    numbers.extend(timed.and_then(|row| Some((row, row.judgement?.change))).map(|(row, found)| Number {
        name: format!("change from the reference’s time, batch {}", row.batch_size),
        shown: change(found.median),
        value: found.median,
        detail: format!("{}; {}", change_interval(&found), row.verdict.word()),
    }));
    numbers
}

fn checks(validation: &Validation) -> Markup {
    let rows = validation.found.checks.iter().map(|row| {
        let (word, small) = match row.verdict {
            CheckVerdict::Passed => ("passed", None),
            CheckVerdict::Failed => ("failed", row.findings.first().map(|finding| clean(&finding.detail))),
            CheckVerdict::NotApplicable => ("does not apply", Some(clean(&row.reason))),
            CheckVerdict::NotRun => ("not decided", Some(clean(&row.reason))),
        };
        let bad = row.verdict == CheckVerdict::Failed;
        vec![
            Cell::text(clean(&row.name)),
            Cell { text: word.to_owned(), small, bad, ..Cell::default() },
            Cell::text(clean(&row.guards)),
            Cell::number(Some(row.count as f64), number),
        ]
    });
    let caption = "Every check and what it guards. Click a heading to sort.";
    grid::table("All checks", caption, &COLUMNS, validation.found.checks.len(), rows)
}

/// Each failed check's findings, its evidence and the command that reproduces it.
fn failures(validation: &Validation) -> Markup {
    html! {
        @for row in validation.found.failed() {
            h3 { (clean(&row.name)) }
            ul {
                @for finding in &row.findings {
                    li {
                        (clean(&finding.detail))
                        @if !finding.code.is_empty() {
                            @let lines: Vec<_> = finding.code.lines().map(clean).collect();
                            pre tabindex="0" { code { (lines.join("\n")) } }
                        }
                    }
                }
            }
            @if let Some((width, height)) = row.smallest { p { "Still fails on an image of " (width) "×" (height) " px." } }
            @if let Some(evidence) = &row.evidence {
                @let folder = clean(&evidence.display().to_string());
                p { "Evidence: " code { (folder) } }
            }
            pre tabindex="0" { code { (clean(&row.replay)) } }
        }
    }
}
