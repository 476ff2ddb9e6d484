//! The tables that `bench` and `show` print: never wider than [`WIDTH`] columns.

use super::format::{
    clean, count, first_forward, interval, is_range, label, largest_batch, machine, measured, model, number,
    parity, preprocess, rounds, shorten, times, usable,
};
use super::overlap;
use super::schema::{Batch, ForwardRow, ParityStatus, ProcessorRow, Run, Samples};

/// The most columns that a line of [`render`] takes.
pub const WIDTH: usize = 100;

const NAME_WIDTH: usize = 30;
const GAP: usize = 2;

/// The whole report for a terminal: the trace of `hf`, a table a batch size, and a legend.
pub fn render(run: &Run) -> String {
    let forward = first_forward(run);
    let mut lines = trace(run);
    for batch in &run.batches {
        lines.push(String::new());
        lines.extend(batch_table(run, batch, forward));
    }
    lines.push(String::new());
    lines.extend(legend(run, forward));
    let mut out = String::new();
    for line in lines {
        out.push_str(shorten(line.trim_end(), WIDTH).as_str());
        out.push('\n');
    }
    out
}

/// The two readings of one step: synchronised, and as a stopwatch without it would have shown.
fn trace(run: &Run) -> Vec<String> {
    let Some(batch) = largest_batch(run) else { return vec!["Nothing was measured.".to_owned()] };
    let chosen = batch.processors.iter().find(|row| row.name == "hf" && preprocess(row).is_some());
    let Some(row) = chosen.or_else(|| batch.processors.iter().find(|row| preprocess(row).is_some())) else {
        return vec![format!("No processor finished a round at batch {}.", batch.batch_size)];
    };
    let head = format!("{}, batch {}", shorten(&clean(&row.name), NAME_WIDTH), batch.batch_size);
    let time = preprocess(row).map_or_else(|| "—".to_owned(), |estimate| number(estimate.median));
    let Some(forward) = forward_of(batch, first_forward(run)) else {
        return vec![format!("{head}: preprocess {time} ms; no forward was measured")];
    };
    let which =
        if batch.forwards.len() > 1 { format!(", {} forward", clean(&forward.name)) } else { String::new() };
    let reading = |kind: &str, forward_ms: &str, meaning: &str| {
        format!("  {kind:<17} preprocess {time} ms, forward {forward_ms:>7} ms   {meaning}")
    };
    let true_ms = median(&forward.forward_ms);
    let mut lines = vec![format!("{head}{which}:"), reading("synchronised", &true_ms, "true")];
    if usable(&forward.launch_ms.estimate) {
        let launch = number(forward.launch_ms.estimate.median);
        let meaning = if run.settings.device.starts_with("cuda") {
            "only the launch: the classic mistake"
        } else {
            "alike: a CPU's call returns when done"
        };
        lines.push(reading("not synchronised", &launch, meaning));
    }
    lines
}

fn forward_of<'a>(batch: &'a Batch, name: Option<&str>) -> Option<&'a ForwardRow> {
    batch.forwards.iter().find(|forward| Some(forward.name.as_str()) == name).or(batch.forwards.first())
}

/// The median, or a dash where nothing was measured.
fn median(samples: &Samples) -> String {
    measured(samples).map_or_else(|| "—".to_owned(), |estimate| number(estimate.median))
}

fn batch_table(run: &Run, batch: &Batch, forward: Option<&str>) -> Vec<String> {
    let mut title = format!("Batch {}", batch.batch_size);
    for row in &batch.forwards {
        title += &format!(" · {} forward {} ms", clean(&row.name), median(&row.forward_ms));
    }
    if usable(&batch.decode_ms.estimate) {
        title += &format!(" · decode {} ms", number(batch.decode_ms.estimate.median));
    }
    if let Some(tokens) = &batch.tokenize_ms {
        title += &format!(" · tokenise {} ms", number(tokens.estimate.median));
    }
    let mut lines = vec![shorten(&title, WIDTH)];
    let forward_ms = forward_of(batch, forward).map(|row| row.forward_ms.estimate).filter(usable);
    let forward_ms = forward_ms.map_or("—".to_owned(), |estimate| number(estimate.median));
    let header = ["processor (fed)", "ms/batch", "ms/img", "fwd ms", "ratio", "img/s", "vs hf", "parity"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(batch.processors.iter().map(|row| cells(row, batch, forward, &forward_ms)));
    let widths = widths(&mut rows);
    lines.push(line(&rows[0], &widths));
    lines.push("─".repeat((widths.iter().sum::<usize>() + GAP * (widths.len() - 1)).min(WIDTH)));
    for (row, cells) in batch.processors.iter().zip(rows.iter().skip(1)) {
        lines.push(line(cells, &widths));
        // A count that the cell had no room for, and what a cell never has room for.
        if let ParityStatus::Differs { detail, .. } = &row.parity {
            lines.extend(wrap("  └", &format!("{}, {}", parity(&row.parity), clean(detail))));
        }
        if let Some(reason) = &row.failure {
            lines.extend(wrap("  failed: ", &clean(reason)));
        }
    }
    lines.extend(limit_shares(batch));
    for (lead, rates) in overlap::lines(batch, &run.settings) {
        lines.extend(wrap(&format!("  {lead}"), &rates));
    }
    for other in batch.forwards.iter().filter(|row| Some(row.name.as_str()) != forward) {
        let rows = batch.processors.iter();
        let ratios = rows
            .filter_map(|row| Some((clean(&row.name), row.ratio.get(&other.name).filter(|e| usable(e))?)));
        let ratios: Vec<_> = ratios.map(|(name, ratio)| format!("{name} {}", number(ratio.median))).collect();
        if !ratios.is_empty() {
            lines.extend(wrap(
                &format!("  ratio to the {} forward: ", clean(&other.name)),
                &ratios.join(", "),
            ));
        }
    }
    lines
}

/// How near each processor comes to the machine's own limit, where that was measured.
fn limit_shares(batch: &Batch) -> Vec<String> {
    let Some(limit) = batch.memory_limit_ms.as_ref().filter(|limit| usable(&limit.estimate)) else {
        return Vec::new();
    };
    let shares =
        batch.processors.iter().filter_map(|row| Some((row, row.memory_limit_share.filter(usable)?)));
    let shares: Vec<_> =
        shares.map(|(row, share)| format!("{} {:.0}%", clean(&row.name), 100.0 * share.median)).collect();
    if shares.is_empty() {
        return shares;
    }
    let lead =
        format!("  share of the memory limit, {} ms to read and write once:", number(limit.estimate.median));
    wrap(&lead, &shares.join(", "))
}

fn cells(row: &ProcessorRow, batch: &Batch, forward: Option<&str>, forward_ms: &str) -> [String; 8] {
    let none = || "—".to_owned();
    let time = preprocess(row).map(|estimate| estimate.median);
    let ratio = forward.and_then(|name| row.ratio.get(name)).filter(|e| usable(e));
    let rate = forward.and_then(|name| row.images_per_s.get(name)).filter(|e| usable(e));
    let speedup = row.speedup_over_hf.filter(usable);
    [
        shorten(&label(row), NAME_WIDTH),
        time.map_or_else(none, number),
        time.map_or_else(none, |ms| number(ms / batch.batch_size.max(1) as f64)),
        forward_ms.to_owned(),
        ratio.map_or_else(none, interval),
        rate.map_or_else(none, |estimate| number(estimate.median)),
        speedup.map_or_else(none, |estimate| times(estimate.median)),
        parity(&row.parity),
    ]
}

/// The columns' widths; where they exceed the line, the count of differing values goes first (the
/// line below repeats it) and names are cut last.
fn widths(rows: &mut [[String; 8]]) -> [usize; 8] {
    let measure = |rows: &[[String; 8]]| {
        let mut widths = [0; 8];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    };
    let excess = |widths: &[usize; 8]| (widths.iter().sum::<usize>() + GAP * 7).saturating_sub(WIDTH);
    let mut widths = measure(rows);
    if excess(&widths) > 0 {
        for row in rows.iter_mut().filter(|row| row[7].ends_with(" values differ")) {
            row[7] = "differs".to_owned();
        }
        widths = measure(rows);
    }
    let room = widths[0].saturating_sub(excess(&widths)).max(8);
    for row in rows.iter_mut() {
        row[0] = shorten(&row[0], room);
    }
    measure(rows)
}

/// Names and parity read from the left, numbers from the right.
fn line(cells: &[String; 8], widths: &[usize; 8]) -> String {
    let mut out = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if index > 0 {
            out.push_str(&" ".repeat(GAP));
        }
        let left = index == 0 || index == 7;
        out += &if left { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
    }
    out
}

/// `text` after `lead`, broken between words, the further lines indented below it.
pub(crate) fn wrap(lead: &str, text: &str) -> Vec<String> {
    let indent = "    ";
    let mut lines = Vec::new();
    let mut current = lead.trim_end().to_owned();
    for word in text.split(' ') {
        if current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut current, indent.to_owned() + word));
        } else {
            current.push(' ');
            current.push_str(word);
        }
    }
    lines.push(current);
    lines
}

fn legend(run: &Run, forward: Option<&str>) -> Vec<String> {
    let against = forward.map_or_else(|| "forward".to_owned(), |name| format!("{} forward", clean(name)));
    let settings = &run.settings;
    let mut lines = wrap(
        "ratio:",
        &format!(
            "preprocess ÷ {against}, paired in a round; median [{}], {}",
            if is_range(run) { "range" } else { "95% bootstrap interval" },
            rounds(run)
        ),
    );
    lines.push(
        "img/s: preprocess then forward, one after the other; vs hf: hf's preprocess time ÷ this one's"
            .to_owned(),
    );
    lines.extend(wrap(
        &format!("{};", machine(&run.environment, settings)),
        &format!(
            "{}, {} tower, {} on {}; {} patches; {} threads",
            model(settings),
            clean(&settings.tower),
            clean(&settings.dtype),
            clean(&settings.device),
            count(settings.max_num_patches as u64),
            settings.threads
        ),
    ));
    if settings.random_weights {
        lines.push(
            "random weights: the times are a checkpoint's of the same shape, the outputs mean nothing"
                .to_owned(),
        );
    }
    if run.partial {
        lines.push(
            "PARTIAL RUN: it was interrupted or its budget ended; rows may have few rounds or none"
                .to_owned(),
        );
    }
    lines
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
