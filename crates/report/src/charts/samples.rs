//! Every sample at the largest batch, in the order taken, to show drift and throttling.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Batch, GpuRecord, Run,
    text::{clean, count, number, plural},
};
use patchmark_statistics::median;

use super::{
    axis::round_step,
    canvas::{Canvas, Side},
    caption,
    chart::Chart,
    csv::field,
    frame::Frame,
    rows::subjects,
    theme::{BODY, Colour, SMALL},
};

/// The largest number of rounds drawn one by one, on a wide and on a narrow chart; of more, neighbours share a bar from the
/// lowest to the highest sample.
const MOST_ROUNDS: (usize, usize) = (240, 80);

/// One strip: what was timed, round by round.
struct Lane {
    label: String,
    colour: Colour,
    samples: Vec<f64>,
    unit: &'static str,
}

impl Lane {
    fn ends(&self) -> (f64, f64) {
        ends(&self.samples)
    }

    /// The lowest and the highest sample.
    fn scale(&self) -> String {
        let (low, high) = self.ends();
        format!("{}–{} {}", number(low), number(high), self.unit)
    }
}

pub(super) fn chart(name: &'static str, run: &Run) -> Result<Chart> {
    let batch = run.largest_batch();
    let lanes: Vec<Lane> = batch.map_or_else(Vec::new, |batch| lanes(run, batch));
    let rounds = lanes.iter().map(|lane| lane.samples.len()).max().unwrap_or(0);
    let mut remarks = vec![
        "each strip has a scale of its own; the line is the median, and the numbers are the lowest and the highest sample"
            .to_owned(),
    ];
    if rounds > MOST_ROUNDS.1 {
        remarks.push("a bar spans neighbouring rounds, from the lowest to the highest sample".to_owned());
    }
    remarks.extend(run.gpu.as_ref().map(gpu_remark));
    let size = batch.map_or(0, |batch| batch.batch_size);
    let frame = Frame {
        title: "Every sample in the order taken".to_owned(),
        subtitle: format!("milliseconds per batch of {size}, by round; a flat strip means a steady machine"),
        caption: caption::of_run(run, &remarks),
    };
    Chart::new(name, frame, csv(run), |width| draw(&lanes, rounds, width))
}

fn draw(lanes: &[Lane], rounds: usize, width: f64) -> Result<Canvas> {
    let mut canvas = Canvas::new(width)?;
    if lanes.is_empty() {
        canvas.nothing("Nothing was measured.");
        return Ok(canvas);
    }
    let scales: Vec<String> = lanes.iter().map(Lane::scale).collect();
    let names = canvas.widest(lanes.iter().map(|lane| lane.label.as_str()), BODY, 40.0)?;
    let words = canvas.widest(scales.iter().map(String::as_str), SMALL, 40.0)?;
    let narrow = canvas.narrow();
    let bundle = rounds.div_ceil(if narrow { MOST_ROUNDS.1 } else { MOST_ROUNDS.0 }).max(1);
    // Half a round's label may stand beyond the strip.
    let (left, right) = if narrow {
        (0.0, width)
    } else {
        (names.min(width * 0.24) + 14.0, width - words.min(width * 0.24) - 10.0)
    };
    let (above, tall) = if narrow { (28.0, 44.0) } else { (0.0, 36.0) };
    let x = |round: usize| left + (right - left) * (round as f64 + 0.5) / rounds.max(1) as f64;
    let mut y = 0.0;
    for (lane, scale) in lanes.iter().zip(&scales) {
        if narrow {
            let room = width - canvas.text_width(scale, SMALL)? - 12.0;
            let label = canvas.fit(&lane.label, BODY, room)?;
            canvas.text(&label, (0.0, y + 15.0), BODY, Colour::Ink, Side::Left);
            canvas.text(scale, (width, y + 15.0), SMALL, Colour::Muted, Side::Right);
        } else {
            let label = canvas.fit(&lane.label, BODY, left - 14.0)?;
            canvas.text(&label, (left - 10.0, y + tall / 2.0), BODY, Colour::Ink, Side::Right);
            let scale = canvas.fit(scale, SMALL, width - right - 8.0)?;
            canvas.text(&scale, (right + 8.0, y + tall / 2.0), SMALL, Colour::Muted, Side::Left);
        }
        strip(&mut canvas, lane, (y + above + 2.0, y + above + tall - 4.0), (left, right), bundle, &x);
        y += above + tall;
    }
    rounds_axis(&mut canvas, rounds, y, &x)?;
    canvas.text("round", ((left + right) / 2.0, y + 42.0), BODY, Colour::Ink, Side::Centre);
    canvas.height = y + 54.0;
    Ok(canvas)
}

fn strip(
    canvas: &mut Canvas,
    lane: &Lane,
    (from, to): (f64, f64),
    (left, right): (f64, f64),
    bundle: usize,
    x: &impl Fn(usize) -> f64,
) {
    let (low, high) = lane.ends();
    let middle = median(&lane.samples);
    let (top, bottom) = (from + 5.0, to - 5.0);
    // A strip with similar samples is a flat line, not noise magnified to its height.
    let (floor, ceiling) = (low.min(middle * 0.95), high.max(middle * 1.05));
    let y = |value: f64| bottom - (value - floor) / (ceiling - floor).max(1e-300) * (bottom - top);
    canvas.rectangle((left, from), (right, to), Colour::Grid, 0.35);
    canvas.line(&[(left, y(middle)), (right, y(middle))], Colour::Muted, 1.0);
    for (number_of, group) in lane.samples.chunks(bundle).enumerate() {
        let first = number_of * bundle;
        let at = x(first + group.len() / 2);
        let (least, most) = ends(group);
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
        canvas.mark((at, (from + to) / 2.0), (half, (to - from) / 2.0), text, value);
    }
}

/// Labels the first, the last and round numbers between them, as many as have room.
pub(super) fn rounds_axis(
    canvas: &mut Canvas,
    rounds: usize,
    end: f64,
    x: &impl Fn(usize) -> f64,
) -> Result<()> {
    let step = (round_step(rounds as f64 / 8.0) as usize).max(1);
    let between = (1..).map(|n| n * step).take_while(|round| *round < rounds);
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for round in [1, rounds].into_iter().chain(between) {
        let text = count(round as u64);
        let half = canvas.text_width(&text, BODY)? / 2.0;
        let at = x(round - 1).clamp(half, (canvas.width - half).max(half));
        if taken.iter().all(|(other, reach)| (at - other).abs() >= half + reach + 8.0) {
            canvas.text(&text, (at, end + 18.0), BODY, Colour::Ink, Side::Centre);
            taken.push((at, half));
        }
    }
    Ok(())
}

fn ends(samples: &[f64]) -> (f64, f64) {
    samples.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)))
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
fn csv(run: &Run) -> String {
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
