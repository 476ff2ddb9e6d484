//! Every sample at the largest batch, in the order taken, to show drift and throttling.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Batch, GpuRecord, Run,
    text::{clean, number, plural},
};
use patchmark_statistics::median;

use super::{
    canvas::{Canvas, Side},
    caption,
    csv::field,
    rows::subjects,
    theme::{BODY, Colour, SMALL},
};

/// The largest number of rounds drawn one by one; of more, neighbours share a bar from the lowest to the highest sample.
const MOST_ROUNDS: usize = 240;

/// One strip: what was timed, round by round.
struct Lane {
    label: String,
    colour: Colour,
    samples: Vec<f64>,
    unit: &'static str,
}

pub(super) fn draw(run: &Run, canvas: &mut Canvas) -> Result<()> {
    let batch = run.largest_batch();
    let lanes: Vec<Lane> = batch.map_or_else(Vec::new, |batch| lanes(run, batch));
    let rounds = lanes.iter().map(|lane| lane.samples.len()).max().unwrap_or(0);
    let bundle = rounds.div_ceil(MOST_ROUNDS).max(1);
    let mut remarks =
        vec!["each strip has its own scale, shown to its right; the line is the median".to_owned()];
    if bundle > 1 {
        remarks.push(format!("a bar spans {bundle} rounds from the lowest to the highest sample"));
    }
    remarks.extend(run.gpu.as_ref().map(gpu_remark));
    let size = batch.map_or(0, |batch| batch.batch_size);
    let (top, bottom) = canvas.frame(
        "Every sample in the order taken",
        &format!("milliseconds per batch of {size}, by round; a flat strip means a steady machine"),
        &caption::of_run(run, &remarks),
    )?;
    if lanes.is_empty() {
        canvas.nothing();
        return Ok(());
    }
    let bottom = bottom - 52.0;
    let room =
        canvas.widest(lanes.iter().map(|lane| lane.label.as_str()), BODY, 40.0)?.min(canvas.width * 0.24);
    let (left, right) = (24.0 + room + 14.0, canvas.width - 150.0);
    let pitch = ((bottom - top) / lanes.len() as f64).min(90.0);
    let x = |round: usize| left + (right - left) * (round as f64 + 0.5) / rounds.max(1) as f64;
    for (index, lane) in lanes.iter().enumerate() {
        let from = top + pitch * index as f64;
        strip(canvas, lane, (from, from + pitch), (left, right, room), bundle, &x)?;
    }
    let end = top + pitch * lanes.len() as f64;
    axis(canvas, rounds, end, &x);
    canvas.text("round", ((left + right) / 2.0, end + 42.0), BODY, Colour::Ink, Side::Centre);
    Ok(())
}

fn strip(
    canvas: &mut Canvas,
    lane: &Lane,
    (from, to): (f64, f64),
    (left, right, room): (f64, f64, f64),
    bundle: usize,
    x: &impl Fn(usize) -> f64,
) -> Result<()> {
    let (low, high) =
        lane.samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let middle = median(&lane.samples);
    let (top, bottom) = (from + 5.0, to - 5.0);
    // A strip with similar samples is a flat line, not noise magnified to its height.
    let (floor, ceiling) = (low.min(middle * 0.95), high.max(middle * 1.05));
    let y = |value: f64| bottom - (value - floor) / (ceiling - floor).max(1e-300) * (bottom - top);
    canvas.rectangle((left, top), (right, bottom), Colour::Grid, 0.35);
    canvas.line(&[(left, y(middle)), (right, y(middle))], Colour::Muted, 1.0);
    for (number_of, group) in lane.samples.chunks(bundle).enumerate() {
        let first = number_of * bundle;
        let at = x(first + group.len() / 2);
        let (least, most) =
            group.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let value = median(group);
        if group.len() > 1 {
            canvas.faint_line(&[(at, y(least)), (at, y(most))], lane.colour, 2.0, 0.6);
        }
        canvas.disc((at, y(value)), if lane.samples.len() > 60 { 2.0 } else { 3.2 }, lane.colour, 1.0);
        let rounds = if group.len() > 1 {
            format!("median of rounds {} to {}", first + 1, first + group.len())
        } else {
            format!("round {}", first + 1)
        };
        let half = ((right - left) / lane.samples.len().div_ceil(bundle) as f64 / 2.0).clamp(1.0, 8.0);
        let text = format!("{}, {rounds}: {} {}", lane.label, number(value), lane.unit);
        canvas.mark((at, (top + bottom) / 2.0), (half, (bottom - top) / 2.0), text, value);
    }
    let centre = (from + to) / 2.0;
    let label = canvas.fit(&lane.label, BODY, room)?;
    canvas.text(&label, (left - 10.0, centre), BODY, Colour::Ink, Side::Right);
    let scale = canvas.fit(&format!("{}–{} {}", number(low), number(high), lane.unit), SMALL, 134.0)?;
    canvas.text(&scale, (right + 8.0, centre), SMALL, Colour::Muted, Side::Left);
    Ok(())
}

/// Labels the first round, the last one, and round numbers between.
pub(super) fn axis(canvas: &mut Canvas, rounds: usize, end: f64, x: &impl Fn(usize) -> f64) {
    let step = (super::throughput::round_step(rounds as f64 / 8.0) as usize).max(1);
    let between =
        (1..).map(|n| n * step).take_while(|round| round + step / 2 < rounds).filter(|round| *round > 1);
    for round in [1].into_iter().chain(between).chain((rounds > 1).then_some(rounds)) {
        canvas.text(&round.to_string(), (x(round - 1), end + 18.0), BODY, Colour::Ink, Side::Centre);
    }
}

fn lanes(run: &Run, batch: &Batch) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for row in batch.forwards.iter().take(3) {
        let label = format!("{} forward", clean(&row.name));
        lanes.push(Lane {
            label,
            colour: Colour::Muted,
            samples: row.forward_ms.samples.clone(),
            unit: "ms",
        });
    }
    for (index, subject) in subjects(run).0.into_iter().enumerate() {
        if let Some(row) = subject.row(batch) {
            let samples = row.preprocess_ms.samples.clone();
            lanes.push(Lane { label: subject.label, colour: Colour::Series(index), samples, unit: "ms" });
        }
    }
    if let Some(gpu) = &run.gpu {
        let clocks = gpu.rounds.iter().map(|state| f64::from(state.sm_clock_mhz)).collect();
        lanes.push(Lane { label: "GPU clock".to_owned(), colour: Colour::Bad, samples: clocks, unit: "MHz" });
    }
    // A run from elsewhere may hold values that are not times.
    lanes.iter_mut().for_each(|lane| lane.samples.retain(|value| value.is_finite()));
    lanes.retain(|lane| !lane.samples.is_empty());
    lanes
}

fn gpu_remark(gpu: &GpuRecord) -> String {
    let held = gpu.rounds.iter().filter(|state| !state.throttled_by.is_empty()).count();
    let hottest = gpu.rounds.iter().map(|state| state.temperature_c).max().unwrap_or(0);
    let rounds = plural(gpu.rounds.len() as u64, "round");
    format!("clocks throttled in {held} of {rounds}, at most {hottest} °C")
}

/// Every sample at every batch size as CSV.
pub(super) fn csv(run: &Run) -> String {
    let mut out = "batch_size,subject,feed,round,ms\n".to_owned();
    for batch in &run.batches {
        let forwards =
            batch.forwards.iter().map(|row| (format!("forward {}", row.name), "", &row.forward_ms));
        let rows = batch.processors.iter();
        let rows = rows.map(|row| (row.name.clone(), row.feed.as_str(), &row.preprocess_ms));
        for (name, feed, samples) in forwards.chain(rows) {
            let (name, feed) = (field(&name), field(feed));
            for (index, ms) in samples.samples.iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{},{name},{feed},{},{ms}", batch.batch_size, index + 1);
            }
        }
    }
    out
}
