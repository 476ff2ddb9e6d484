//! A run as `bench` and `report` print it.

use patchmark_results::{
    Batch, Estimate, ForwardRow, Outcome, ParityStatus, ProcessorRow, Run,
    text::{clean, count, number, plural, times},
};

use super::{
    flows,
    layout::{Column, Paragraph, Table, Text, glued},
};
use crate::words::{
    behind,
    caveats::{caveats, partial},
    figures::{NONE, interval, median},
    machine::machine,
    overlap,
    run::{model, parity, rounds},
    spread::Spread,
    warnings,
};

/// The whole report in at most `columns` columns: the trace of `hf`, one table per batch size, and a legend.
pub fn render(run: &Run, columns: usize) -> String {
    let forward = run.first_forward();
    let mut text = Text::new(columns);
    for line in trace(run) {
        text.line(&line);
    }
    for batch in &run.batches {
        text.blank();
        batch_table(&mut text, run, batch, forward, columns);
        flows::table(&mut text, batch);
    }
    text.blank();
    legend(&mut text, run, forward);
    text.finish()
}

/// The two readings of one step: synchronised, and as a stopwatch without synchronising shows it.
fn trace(run: &Run) -> Vec<String> {
    let Some(batch) = run.largest_batch() else { return vec!["Nothing was measured.".to_owned()] };
    let chosen = batch.processors.iter().find(|row| row.name == "hf" && row.preprocess().is_some());
    let Some(row) = chosen.or_else(|| batch.processors.iter().find(|row| row.preprocess().is_some())) else {
        return vec![format!("No processor finished a round at batch {}.", batch.batch_size)];
    };
    let head = format!("{}, batch {}", clean(&row.name), batch.batch_size);
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

fn batch_table(text: &mut Text, run: &Run, batch: &Batch, forward: Option<&str>, columns: usize) {
    text.line(&title(batch));
    let whole = table(batch, forward, parity);
    // If there is no room, the count of differing values is left out first, as the line below the row repeats it.
    let short = |status: &ParityStatus| match status {
        ParityStatus::Differs { .. } => "differs".to_owned(),
        other => parity(other),
    };
    text.table(&if whole.fits(columns) { whole } else { table(batch, forward, short) });
    limit_shares(text, batch);
    for (lead, rates) in overlap::lines(batch, &run.settings).into_iter().chain(behind::line(batch)) {
        text.paragraph(&format!("  {lead}"), 4, &rates);
    }
    other_ratios(text, batch, forward);
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
    let mut table = Table::new(vec![
        Column::names("processor (fed)"),
        Column::figures("ms/batch"),
        Column::figures("ms/img").dropped(2),
        Column::figures("fwd ms").dropped(1),
        Column::figures("ratio"),
        Column::figures("img/s").dropped(3),
        Column::figures("vs hf"),
        Column::words("parity"),
    ]);
    let forward_ms = median(forward_of(batch, forward).and_then(|row| row.forward_ms.measured()));
    for row in &batch.processors {
        let mut below = Vec::new();
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            let counted = crate::words::run::parity(&row.parity);
            below.push(Paragraph::new("  └", 4, &format!("{counted}, {}", clean(detail))));
        }
        if let Some(reason) = &row.failure {
            below.push(Paragraph::new("  failed:", 4, &clean(reason)));
        }
        table.row(cells(row, batch, forward, &forward_ms, glued(&parity(&row.parity))), below);
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
        row.label(),
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
fn other_ratios(text: &mut Text, batch: &Batch, forward: Option<&str>) {
    for other in batch.forwards.iter().filter(|row| Some(row.name.as_str()) != forward) {
        let ratio = |row: &ProcessorRow| {
            let ratio = row.ratio.get(&other.name).filter(|e| e.is_usable())?;
            Some(format!("{} {}", clean(&row.name), number(ratio.median)))
        };
        let ratios: Vec<_> = batch.processors.iter().filter_map(ratio).collect();
        if !ratios.is_empty() {
            let lead = format!("  ratio to the {} forward:", clean(&other.name));
            text.paragraph(&lead, 4, &ratios.join(", "));
        }
    }
}

/// How close each processor comes to the memory limit, if that was measured.
fn limit_shares(text: &mut Text, batch: &Batch) {
    let Some(limit) = batch.memory_limit_ms.as_ref().and_then(|limit| limit.measured()) else { return };
    let shares = batch
        .processors
        .iter()
        .filter_map(|row| Some((row, row.memory_limit_share.filter(Estimate::is_usable)?)));
    let shares: Vec<_> =
        shares.map(|(row, share)| format!("{} {:.0}%", clean(&row.name), 100.0 * share.median)).collect();
    if !shares.is_empty() {
        let lead =
            format!("  share of the memory limit, {} ms to read and write once:", number(limit.median));
        text.paragraph(&lead, 4, &shares.join(", "));
    }
}

fn legend(text: &mut Text, run: &Run, forward: Option<&str>) {
    let against = forward.map_or_else(|| "forward".to_owned(), |name| format!("{} forward", clean(name)));
    let settings = &run.settings;
    text.line(&format!(
        "ratio: preprocess ÷ {against}, paired within a round; median [{}], {}",
        Spread::of(run).of_one(),
        rounds(run)
    ));
    text.line(&format!(
        "img/s: {}, one after the other; vs hf: hf's preprocess time ÷ this one's",
        overlap::steps(settings)
    ));
    if crate::words::flows::batch(run).is_some() {
        text.paragraph("from files:", 2, crate::words::flows::LEGEND);
    }
    text.line(&format!(
        "{}; {}, {} tower, {} on {}; {} patches; {}",
        machine(&run.environment, &settings.device),
        model(settings),
        clean(&settings.tower),
        clean(&settings.dtype),
        clean(&settings.device),
        count(settings.max_num_patches as u64),
        plural(settings.threads as u64, "thread")
    ));
    if settings.random_weights {
        text.line(
            "random weights: times are those of a checkpoint of the same shape; outputs are meaningless",
        );
    }
    for warning in warnings::of_run(run) {
        text.paragraph("warning:", 4, &warning);
    }
    if let Some(why) = partial(run) {
        text.line(&format!("PARTIAL RUN: {why}"));
    }
    if run.outcome() != Outcome::Done {
        text.line(&format!("{} (exit code {})", caveats(run).join(" "), run.outcome().code()));
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
