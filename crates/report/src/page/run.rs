//! The page of one run of `bench`.

use anyhow::Result;
use maud::html;
use patchmark_results::{
    Kind, ParityStatus, ProcessorRow, Run,
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
        run::{headline, leader, partial, rounds, share},
    },
};

/// The run as one HTML document. `beside` lists the formats of the chart files that lie beside it, which it links to.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_run(run: &Run, charts: &[Chart], beside: &[Format]) -> Result<String> {
    Sheet {
        about: format!("{} · {}", machine(&run.environment, &run.settings.device), rounds(run)),
        headline: headline(run),
        lead: html! {
            @if let Some(why) = partial(run) {
                p.warning { strong { "Partial run: " } (why) "." }
            }
            @if run.settings.random_weights {
                p.muted { "Random weights: times are those of a checkpoint of the same shape; outputs are meaningless." }
            }
        },
        numbers: numbers(run),
        charts,
        beside,
        tables: vec![("All rows", table::table(run))],
        notes: &run.notes,
        environment: facts::of_run(run),
        again: facts::again(&run.environment, "patchmark bench", run.elapsed_s),
        file: Kind::Run.file(),
    }
    .render()
}

/// The three most important numbers: the reference's ratio, the best processor's ratio, and its speed-up.
pub(super) fn numbers(run: &Run) -> Vec<Number> {
    let forward = run.first_forward();
    let Some(batch) = run.largest_batch() else { return Vec::new() };
    let ratio = |row: &ProcessorRow| {
        let estimate = forward.and_then(|name| row.ratio.get(name)).filter(|e| e.is_usable())?;
        Some(Number {
            name: format!("{}: preprocess ÷ forward", row.label()),
            shown: share(estimate.median),
            value: estimate.median,
            detail: format!("ratio {}, batch {}", interval(estimate), batch.batch_size),
        })
    };
    let speedup = |row: &ProcessorRow| {
        let estimate = row.speedup_over_hf.filter(patchmark_results::Estimate::is_usable)?;
        let time = row.preprocess();
        let time = time.map_or_else(String::new, |time| format!("; {} ms per batch", number(time.median)));
        Some(Number {
            name: format!("{}: speed-up over hf", row.label()),
            shown: times(estimate.median),
            value: estimate.median,
            detail: interval(&estimate) + &time,
        })
    };
    let reference = batch.processors.iter().find(|row| row.parity == ParityStatus::Reference);
    let best = leader(run);
    [reference.and_then(ratio), best.and_then(ratio), best.and_then(speedup)].into_iter().flatten().collect()
}
