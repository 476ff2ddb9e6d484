//! The page of one run.

use anyhow::Result;
use maud::{Markup, html};

use super::{facts, figure::figure, head, table};
use crate::report::charts::Chart;
use crate::report::export::Format;
use crate::report::format::{
    clean, first_forward, interval, label, largest_batch, machine, number, preprocess, rounds, times, usable,
};
use crate::report::schema::{ParityStatus, Run};
use crate::report::summary::{headline, leader};

/// The run as one HTML document. `beside` are the forms in which the charts' own files lie beside it,
/// which it links to.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_run(run: &Run, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let figures = charts.iter().map(|chart| figure(chart, chart.name())).collect::<Result<Vec<_>>>()?;
    let machine = machine(&run.environment, &run.settings);
    let body = html! {
        header {
            div { p.brand { "Patchmark" } p.muted { (machine) " · " (rounds(run)) } }
            (head::switch())
        }
        main #main {
            h1 { (headline(run)) }
            @if run.partial {
                p.warning { strong { "Partial run: " } "it was interrupted or its budget ended; rows may have few rounds or none." }
            }
            @if run.settings.random_weights {
                p.muted { "Random weights: the times are those of a checkpoint of the same shape, the outputs mean nothing." }
            }
            (numbers(run))
            @for (chart, figure) in charts.iter().zip(&figures) {
                section.charted {
                    h2 { (chart.canvas().title) }
                    (figure)
                    p.files { @for format in beside.iter().filter(|format| **format != Format::Html) {
                        @let name = format!("{}.{}", chart.name(), format!("{format:?}").to_lowercase());
                        a href=(name) { (name) } " "
                    } }
                }
            }
            section { h2 { "All rows" } (table::table(run)) }
            @if !run.notes.is_empty() {
                section { h2 { "Notes" } ul { @for note in run.notes.iter().take(100) { li { (clean(note)) } } } }
            }
            section { h2 { "What the numbers depend on" } (facts::environment(run)) }
            section { (facts::reproduce(run)) }
        }
        footer { "Drawn by patchmark " (env!("CARGO_PKG_VERSION")) " from " a href="run.json" { "run.json" } "." }
    };
    Ok(head::document(&format!("Patchmark: {machine}"), &body))
}

/// The three numbers that matter first: the ratio as it is, the ratio as it could be, and the speed-up.
pub(super) fn numbers(run: &Run) -> Markup {
    let forward = first_forward(run);
    let Some(batch) = largest_batch(run) else { return html! {} };
    let ratio = |row: Option<&crate::report::schema::ProcessorRow>| {
        let row = row?;
        let estimate = forward.and_then(|name| row.ratio.get(name)).filter(|e| usable(e))?;
        Some((label(row), *estimate))
    };
    let reference = batch.processors.iter().find(|row| row.parity == ParityStatus::Reference);
    let best = leader(run);
    let share = |value: f64| {
        if value < 2.0 { format!("{}%", number(value * 100.0)) } else { times(value) }
    };
    html! {
        dl.numbers {
            @for (name, estimate) in ratio(reference).into_iter().chain(ratio(best)) {
                div data-value=(estimate.median) {
                    dt { (name) ", share of the forward’s time" }
                    dd { (share(estimate.median)) small { "ratio " (interval(&estimate)) ", batch " (batch.batch_size) } }
                }
            }
            @if let Some((row, speedup)) = best.and_then(|row| Some((row, row.speedup_over_hf.filter(usable)?))) {
                div data-value=(speedup.median) {
                    dt { (label(row)) " over hf" }
                    dd { (times(speedup.median)) small { (interval(&speedup)) @if let Some(time) = preprocess(row) {
                        "; " (number(time.median)) " ms a batch" } } }
                }
            }
        }
    }
}
