//! A run as `bench` and `report` print it.

use patchmark_results::{
    Batch, Estimate, ForwardRow, ParityStatus, ProcessorRow, Run,
    text::{clean, count, number, plural, shorten, times},
};

use super::layout::{Align, Table, WIDTH, joined, wrap};
use crate::words::{
    figures::{NONE, interval, median},
    machine::machine,
    overlap,
    run::{Spread, model, parity, partial, rounds},
    warnings,
};

/// The largest width in columns of a processor's name.
const NAME_WIDTH: usize = 30;

/// The whole report for a terminal: the trace of `hf`, one table per batch size, and a legend.
pub fn render(run: &Run) -> String {
    let forward = run.first_forward();
    let mut lines = trace(run);
    for batch in &run.batches {
        lines.push(String::new());
        lines.extend(batch_table(run, batch, forward));
    }
    lines.push(String::new());
    lines.extend(legend(run, forward));
    joined(lines)
}

/// The two readings of one step: synchronised, and as a stopwatch without synchronising shows it.
fn trace(run: &Run) -> Vec<String> {
    let Some(batch) = run.largest_batch() else { return vec!["Nothing was measured.".to_owned()] };
    let chosen = batch.processors.iter().find(|row| row.name == "hf" && row.preprocess().is_some());
    let Some(row) = chosen.or_else(|| batch.processors.iter().find(|row| row.preprocess().is_some())) else {
        return vec![format!("No processor finished a round at batch {}.", batch.batch_size)];
    };
    let head = format!("{}, batch {}", shorten(&clean(&row.name), NAME_WIDTH), batch.batch_size);
    let time = median(row.preprocess());
    let Some(forward) = forward_of(batch, run.first_forward()) else {
        return vec![format!("{head}: preprocess {time} ms; no forward was measured")];
    };
    let which =
        if batch.forwards.len() > 1 { format!(", {} forward", clean(&forward.name)) } else { String::new() };
    let reading = |kind: &str, forward_ms: &str, meaning: &str| {
        format!("  {kind:<17} preprocess {time} ms, forward {forward_ms:>7} ms   {meaning}")
    };
    let true_ms = median(forward.forward_ms.measured());
    let mut lines = vec![format!("{head}{which}:"), reading("synchronised", &true_ms, "true")];
    if let Some(launch) = forward.launch_ms.measured() {
        let launch = number(launch.median);
        let meaning = if run.settings.device.starts_with("cuda") {
            "only the launch: the classic mistake"
        } else {
            "same: CPU calls are synchronous"
        };
        lines.push(reading("not synchronised", &launch, meaning));
    }
    lines
}

fn forward_of<'a>(batch: &'a Batch, name: Option<&str>) -> Option<&'a ForwardRow> {
    batch.forwards.iter().find(|forward| Some(forward.name.as_str()) == name).or(batch.forwards.first())
}

fn batch_table(run: &Run, batch: &Batch, forward: Option<&str>) -> Vec<String> {
    let mut lines = vec![shorten(&title(batch), WIDTH)];
    let whole = table(batch, forward, parity);
    // If there is no room, the count of differing values is left out first, as the line below the row repeats it.
    let short = |status: &ParityStatus| match status {
        ParityStatus::Differs { .. } => "differs".to_owned(),
        other => parity(other),
    };
    let table = if whole.fits() { whole } else { table(batch, forward, short) };
    lines.extend(table.lines(&[0]));
    lines.extend(limit_shares(batch));
    for (lead, rates) in overlap::lines(batch, &run.settings) {
        lines.extend(wrap(&format!("  {lead}"), 4, &rates));
    }
    lines.extend(other_ratios(batch, forward));
    lines
}

fn title(batch: &Batch) -> String {
    let mut title = format!("Batch {}", batch.batch_size);
    for row in &batch.forwards {
        title += &format!(" · {} forward {} ms", clean(&row.name), median(row.forward_ms.measured()));
    }
    if let Some(decode) = batch.decode_ms.measured() {
        title += &format!(" · decode {} ms", number(decode.median));
    }
    if let Some(tokens) = &batch.tokenize_ms {
        title += &format!(" · tokenise {} ms", median(tokens.measured()));
    }
    title
}

fn table(batch: &Batch, forward: Option<&str>, parity: impl Fn(&ParityStatus) -> String) -> Table {
    let numbers = ["ms/batch", "ms/img", "fwd ms", "ratio", "img/s", "vs hf"];
    let mut header = vec![("processor (fed)", Align::Left)];
    header.extend(numbers.map(|name| (name, Align::Right)));
    header.push(("parity", Align::Left));
    let mut table = Table::new(&header);
    let forward_ms = median(forward_of(batch, forward).and_then(|row| row.forward_ms.measured()));
    for row in &batch.processors {
        let mut below = Vec::new();
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            let counted = crate::words::run::parity(&row.parity);
            below.extend(wrap("  └", 4, &format!("{counted}, {}", clean(detail))));
        }
        if let Some(reason) = &row.failure {
            below.extend(wrap("  failed:", 4, &clean(reason)));
        }
        table.row(cells(row, batch, forward, &forward_ms, parity(&row.parity)), below);
    }
    table
}

fn cells(
    row: &ProcessorRow,
    batch: &Batch,
    forward: Option<&str>,
    forward_ms: &str,
    parity: String,
) -> [String; 8] {
    let none = || NONE.to_owned();
    let time = row.preprocess().map(|estimate| estimate.median);
    let ratio = forward.and_then(|name| row.ratio.get(name)).filter(|e| e.is_usable());
    let rate = forward.and_then(|name| row.images_per_s.get(name)).filter(|e| e.is_usable());
    let speedup = row.speedup_over_hf.filter(Estimate::is_usable);
    [
        shorten(&row.label(), NAME_WIDTH),
        time.map_or_else(none, number),
        time.map_or_else(none, |ms| number(ms / batch.batch_size.max(1) as f64)),
        forward_ms.to_owned(),
        ratio.map_or_else(none, interval),
        median(rate.copied()),
        speedup.map_or_else(none, |estimate| times(estimate.median)),
        parity,
    ]
}

/// The ratios to the forwards that are not in the table.
fn other_ratios(batch: &Batch, forward: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    for other in batch.forwards.iter().filter(|row| Some(row.name.as_str()) != forward) {
        let ratio = |row: &ProcessorRow| {
            let ratio = row.ratio.get(&other.name).filter(|e| e.is_usable())?;
            Some(format!("{} {}", clean(&row.name), number(ratio.median)))
        };
        let ratios: Vec<_> = batch.processors.iter().filter_map(ratio).collect();
        if !ratios.is_empty() {
            let lead = format!("  ratio to the {} forward:", clean(&other.name));
            lines.extend(wrap(&lead, 4, &ratios.join(", ")));
        }
    }
    lines
}

/// How close each processor comes to the memory limit, if that was measured.
fn limit_shares(batch: &Batch) -> Vec<String> {
    let Some(limit) = batch.memory_limit_ms.as_ref().and_then(|limit| limit.measured()) else {
        return Vec::new();
    };
    let shares = batch
        .processors
        .iter()
        .filter_map(|row| Some((row, row.memory_limit_share.filter(Estimate::is_usable)?)));
    let shares: Vec<_> =
        shares.map(|(row, share)| format!("{} {:.0}%", clean(&row.name), 100.0 * share.median)).collect();
    if shares.is_empty() {
        return shares;
    }
    let lead = format!("  share of the memory limit, {} ms to read and write once:", number(limit.median));
    wrap(&lead, 4, &shares.join(", "))
}

fn legend(run: &Run, forward: Option<&str>) -> Vec<String> {
    let against = forward.map_or_else(|| "forward".to_owned(), |name| format!("{} forward", clean(name)));
    let settings = &run.settings;
    let mut lines = wrap(
        "ratio:",
        4,
        &format!(
            "preprocess ÷ {against}, paired within a round; median [{}], {}",
            Spread::of(run).of_one(),
            rounds(run)
        ),
    );
    lines.push(
        "img/s: preprocess then forward, one after the other; vs hf: hf's preprocess time ÷ this one's"
            .to_owned(),
    );
    lines.extend(wrap(
        &format!("{};", machine(&run.environment, &settings.device)),
        4,
        &format!(
            "{}, {} tower, {} on {}; {} patches; {}",
            model(settings),
            clean(&settings.tower),
            clean(&settings.dtype),
            clean(&settings.device),
            count(settings.max_num_patches as u64),
            plural(settings.threads as u64, "thread")
        ),
    ));
    if settings.random_weights {
        lines.push(
            "random weights: times are those of a checkpoint of the same shape; outputs are meaningless"
                .to_owned(),
        );
    }
    for warning in warnings::of_run(run) {
        lines.extend(wrap("warning:", 4, &warning));
    }
    lines.extend(partial(run).map(|why| format!("PARTIAL RUN: {why}")));
    lines
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
