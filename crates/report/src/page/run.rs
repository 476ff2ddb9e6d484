//! The page of one run of `bench`.

use anyhow::Result;
use maud::html;
use patchmark_results::{
    Batch, Estimate, Kind, ParityStatus, ProcessorRow, Run, Samples,
    estimate::SAMPLES_OF_AN_INTERVAL,
    text::{clean, number, plural, times},
};

use super::{
    facts, flows,
    sheet::{Number, Sheet},
    table,
};
use crate::{
    charts::Chart,
    format::Format,
    words::{
        caveats::partial,
        figures::interval,
        machine::machine,
        run::{headline, leader, rounds, share},
        warnings,
    },
};

/// The run as one HTML document. `beside` lists the formats of the chart files that lie beside it, which it links to.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of_run(run: &Run, charts: &[Chart], beside: &[Format]) -> Result<String> {
    let flow_table = flows::table(run).map(|table| ("Flows from files", table));
    Sheet {
        about: format!("{} · {}", machine(&run.environment, &run.settings.device), rounds(run)),
        headline: headline(run),
        lead: html! {
            @if let Some(why) = partial(run) {
                p.warning { strong { "Partial run: " } (why) "." }
            }
            @for warning in warnings::of_run(run) {
                p.warning { strong { "Warning: " } (warning) }
            }
            @if run.settings.random_weights {
                p.muted { "Random weights: times are those of a checkpoint of the same shape; outputs are meaningless." }
            }
        },
        numbers: numbers(run),
        charts,
        beside,
        tables: [("All rows", table::table(run))].into_iter().chain(flow_table).collect(),
        notes: &run.notes,
        environment: facts::of_run(run),
        again: facts::again(&run.environment, "patchmark bench", run.elapsed_s),
        file: Kind::Run.file(),
    }
    .render()
}

/// The three most important numbers: the reference's ratio, the best processor's ratio, and its speed-up. With too few rounds
/// for an interval, the times that were measured.
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
        let estimate = row.speedup_over_hf.filter(Estimate::is_usable)?;
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
    let few = |row: &ProcessorRow| row.preprocess_ms.samples.len() < SAMPLES_OF_AN_INTERVAL;
    if reference.into_iter().chain(best).any(few) {
        return times_taken(batch, reference.into_iter().chain(best), forward);
    }
    [reference.and_then(ratio), best.and_then(ratio), best.and_then(speedup)].into_iter().flatten().collect()
}

/// The times of rows and of a forward that have too few rounds for an interval, each with the range of its samples.
fn times_taken<'a>(
    batch: &'a Batch,
    rows: impl Iterator<Item = &'a ProcessorRow>,
    forward: Option<&str>,
) -> Vec<Number> {
    let forwards = batch.forwards.iter().filter(|row| Some(row.name.as_str()) == forward);
    let forwards = forwards.map(|row| (format!("{} forward", clean(&row.name)), &row.forward_ms));
    let rows = rows.map(|row| (format!("{}: preprocess", row.label()), &row.preprocess_ms));
    let taken = |(name, samples): (String, &Samples)| {
        let time = samples.measured()?;
        let rounds = plural(samples.samples.len() as u64, "round");
        Some(Number {
            name,
            shown: format!("{} ms", number(time.median)),
            value: time.median,
            detail: format!(
                "range {} to {}; {rounds}, batch {}",
                number(time.low),
                number(time.high),
                batch.batch_size
            ),
        })
    };
    rows.chain(forwards).filter_map(taken).collect()
}
