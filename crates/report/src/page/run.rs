//! The page of one run of `bench`.

use anyhow::Result;
use maud::html;
use patchmark_results::{
    ParityStatus, ProcessorRow, Run,
    text::{number, times},
};

use super::{
    facts,
    sheet::{Number, Sheet},
    table,
};
use crate::{
    charts::Chart,
    format::Format,
    words::{
        figures::interval,
        machine::machine,
        run::{headline, leader, rounds},
    },
};

/// The run as one HTML document. `beside` are the forms in which the charts' own files lie beside it,
/// which it links to.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_run(run: &Run, charts: &[Chart], beside: &[Format]) -> Result<String> {
    Sheet {
        about: format!("{} · {}", machine(&run.environment, &run.settings.device), rounds(run)),
        headline: headline(run),
        lead: html! {
            @if run.partial {
                p.warning { strong { "Partial run: " } "it was interrupted or its budget ended; rows may have few rounds or none." }
            }
            @if run.settings.random_weights {
                p.muted { "Random weights: the times are those of a checkpoint of the same shape, the outputs mean nothing." }
            }
        },
        numbers: numbers(run),
        charts,
        beside,
        tables: vec![("All rows", table::table(run))],
        notes: &run.notes,
        environment: facts::of_run(run),
        again: facts::again(&run.environment, "patchmark bench", run.elapsed_s),
        file: "run.json",
    }
    .render()
}

/// The three numbers that matter first: the ratio as it is, the ratio as it could be, and the speed-up.
pub(super) fn numbers(run: &Run) -> Vec<Number> {
    let forward = run.first_forward();
    let Some(batch) = run.largest_batch() else { return Vec::new() };
    let share = |value: f64| {
        if value < 2.0 { format!("{}%", number(value * 100.0)) } else { times(value) }
    };
    let ratio = |row: &ProcessorRow| {
        let estimate = forward.and_then(|name| row.ratio.get(name)).filter(|e| e.is_usable())?;
        Some(Number {
            name: format!("{}, share of the forward’s time", row.label()),
            shown: share(estimate.median),
            value: estimate.median,
            detail: format!("ratio {}, batch {}", interval(estimate), batch.batch_size),
        })
    };
    let speedup = |row: &ProcessorRow| {
        let estimate = row.speedup_over_hf.filter(patchmark_results::Estimate::is_usable)?;
        let time = row.preprocess();
        let time = time.map_or_else(String::new, |time| format!("; {} ms a batch", number(time.median)));
        Some(Number {
            name: format!("{} over hf", row.label()),
            shown: times(estimate.median),
            value: estimate.median,
            detail: interval(&estimate) + &time,
        })
    };
    let reference = batch.processors.iter().find(|row| row.parity == ParityStatus::Reference);
    let best = leader(run);
    [reference.and_then(ratio), best.and_then(ratio), best.and_then(speedup)].into_iter().flatten().collect()
}
