//! Several runs side by side: each processor's time in each of them.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Batch, Estimate, Run,
    text::{clean, count},
};

use super::{
    canvas::{Canvas, Side},
    chart::{Chart, WIDTH},
    csv::field,
    lines::sound,
    marker::Marker,
    rows::{MOST_PROCESSORS, subjects},
    theme::{BODY, Colour, SMALL},
    throughput::log_ticks,
};
use crate::words::{figures::interval, run::Spread};

/// The largest number of runs in one chart.
const MOST_RUNS: usize = 10;
/// Logical pixels between two runs of a processor.
const STEP: f64 = 13.0;

/// One processor's times in the runs that have it.
struct Group {
    label: String,
    /// The run's index and its milliseconds per image.
    points: Vec<(usize, Estimate)>,
}

/// Milliseconds per image at the largest batch size that all runs have, one symbol per run.
pub(super) fn chart(runs: &[(String, Run)]) -> Result<Chart> {
    let drawn = &runs[..runs.len().min(MOST_RUNS)];
    let batches = batches(drawn);
    let (groups, all) = groups(drawn, &batches);
    let room: f64 = groups.iter().map(height).sum();
    let names: Vec<String> = drawn
        .iter()
        .zip(&batches)
        .map(|((name, run), batch)| {
            let size = batch.map_or_else(String::new, |batch| format!(", batch {}", batch.batch_size));
            format!("{}{size} ({})", clean(name), clean(&run.environment.commit))
        })
        .collect();
    let mut canvas = Canvas::new(WIDTH, 232.0 + 24.0 * names.len() as f64 + room)?;
    let ranges = drawn.iter().any(|(_, run)| Spread::of(run) != Spread::Intervals);
    let few = if ranges { ", or the range of the samples with fewer than 6 rounds" } else { "" };
    let mut caption = vec![format!(
        "whiskers are 95% intervals of the median{few} · differences between machines do not come from the code"
    )];
    if drawn.len() < runs.len() || groups.len() < all {
        let (runs, all) = (count(runs.len() as u64), count(all as u64));
        caption.push(format!(
            "{} of {runs} runs and {} of {all} processors drawn",
            drawn.len(),
            groups.len()
        ));
    }
    let (top, bottom) = canvas.frame(
        "Time per image, run by run",
        "median preprocess time per image in milliseconds, log scale; lower is better",
        &caption,
    )?;
    if groups.is_empty() {
        canvas.nothing();
    } else {
        let top = legend(&mut canvas, &names, top)?;
        draw(&mut canvas, &groups, &names, (top, bottom - 52.0))?;
    }
    Ok(Chart { name: "across", canvas, csv: csv(runs) })
}

/// Each run's batch of the largest size that all runs have, or else its own largest batch.
fn batches(runs: &[(String, Run)]) -> Vec<Option<&Batch>> {
    let has = |run: &Run, size| run.batches.iter().any(|batch| batch.batch_size == size);
    let sizes = runs.first().into_iter().flat_map(|(_, run)| &run.batches).map(|batch| batch.batch_size);
    let common = sizes.filter(|size| runs.iter().all(|(_, run)| has(run, *size))).max();
    runs.iter()
        .map(|(_, run)| {
            let shared = run.batches.iter().find(|batch| Some(batch.batch_size) == common);
            shared.or_else(|| run.batches.iter().max_by_key(|batch| batch.batch_size))
        })
        .collect()
}

/// The processors in order of first appearance, and their total number.
fn groups(runs: &[(String, Run)], batches: &[Option<&Batch>]) -> (Vec<Group>, usize) {
    let mut groups: Vec<Group> = Vec::new();
    for (place, ((_, run), batch)) in runs.iter().zip(batches).enumerate() {
        let Some(batch) = batch else { continue };
        let images = batch.batch_size.max(1) as f64;
        for subject in subjects(run).0 {
            let Some(time) = subject.row(batch).and_then(patchmark_results::ProcessorRow::preprocess) else {
                continue;
            };
            let Estimate { median, low, high } = sound(time);
            let each = Estimate { median: median / images, low: low / images, high: high / images };
            match groups.iter_mut().find(|group| group.label == subject.label) {
                Some(group) => group.points.push((place, each)),
                None => groups.push(Group { label: subject.label, points: vec![(place, each)] }),
            }
        }
    }
    let all = groups.len();
    groups.truncate(MOST_PROCESSORS);
    (groups, all)
}

fn height(group: &Group) -> f64 {
    (STEP * group.points.len() as f64 + 14.0).max(30.0)
}

/// Draws the runs' names, one per line; returns where they end.
fn legend(canvas: &mut Canvas, names: &[String], top: f64) -> Result<f64> {
    for (place, name) in names.iter().enumerate() {
        let y = top + 10.0 + 24.0 * place as f64;
        canvas.marker(place, (32.0, y));
        canvas.text(
            &canvas.fit(name, SMALL, canvas.width - 80.0)?,
            (46.0, y),
            SMALL,
            Colour::Ink,
            Side::Left,
        );
    }
    Ok(top + 24.0 * names.len() as f64 + 12.0)
}

fn draw(canvas: &mut Canvas, groups: &[Group], names: &[String], (top, bottom): (f64, f64)) -> Result<()> {
    let room =
        canvas.widest(groups.iter().map(|group| group.label.as_str()), BODY, 40.0)?.min(canvas.width * 0.3);
    let (left, right) = (24.0 + room + 16.0, canvas.width - 40.0);
    let ends = groups.iter().flat_map(|group| &group.points).map(|(_, each)| *each);
    let (low, high) = ends.fold((f64::INFINITY, 0.0f64), |(low, high), e| (low.min(e.low), high.max(e.high)));
    let (low, high, ticks) = log_ticks(low, high);
    let x = |value: f64| left + (value.log2() - low) / (high - low).max(1e-9) * (right - left);
    let end = groups.iter().map(height).sum::<f64>().min(bottom - top) + top;
    for (value, text) in ticks {
        canvas.line(&[(x(value), top), (x(value), end)], Colour::Grid, 1.0);
        canvas.text(&text, (x(value), end + 18.0), BODY, Colour::Ink, Side::Centre);
    }
    canvas.text(
        "milliseconds per image",
        ((left + right) / 2.0, end + 42.0),
        BODY,
        Colour::Ink,
        Side::Centre,
    );
    let mut from = top;
    for group in groups {
        let middle = from + height(group) / 2.0;
        canvas.text(
            &canvas.fit(&group.label, BODY, room)?,
            (left - 16.0, middle),
            BODY,
            Colour::Ink,
            Side::Right,
        );
        for (order, (place, each)) in group.points.iter().enumerate() {
            let y = middle + STEP * (order as f64 - (group.points.len() - 1) as f64 / 2.0);
            let colour = Colour::Series(*place);
            canvas.faint_line(&[(x(each.low), y), (x(each.high), y)], colour, 2.4, 0.6);
            canvas.symbol(Marker::of_series(*place), colour, (x(each.median), y), 1.0);
            let text = format!("{}, {}: {} ms per image", group.label, names[*place], interval(each));
            canvas.mark((x(each.median), y), (8.0, STEP / 2.0), text, each.median);
        }
        from += height(group);
        canvas.line(&[(24.0, from), (right, from)], Colour::Grid, 1.0);
    }
    Ok(())
}

/// Every time of every run as CSV.
fn csv(runs: &[(String, Run)]) -> String {
    let mut out = "run,commit,batch_size,processor,ms_per_image,low,high\n".to_owned();
    for (name, run) in runs {
        for batch in &run.batches {
            let images = batch.batch_size.max(1) as f64;
            for (row, time) in batch.processors.iter().filter_map(|row| Some((row, row.preprocess()?))) {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    out,
                    "{},{},{},{},{},{},{}",
                    field(name),
                    field(&run.environment.commit),
                    batch.batch_size,
                    field(&row.label()),
                    time.median / images,
                    time.low / images,
                    time.high / images
                );
            }
        }
    }
    out
}
