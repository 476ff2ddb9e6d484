//! Milliseconds per image by stage and processor, at the largest batch.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::Result;
use patchmark_results::{Batch, ProcessorRow, Run, Samples, text::number};

use super::{
    canvas::{Canvas, Side},
    caption,
    csv::field,
    rows::subjects,
    theme::{BODY, Colour, SMALL},
    throughput::{round_step, tick},
};

/// The largest number of stages with a colour of their own; the smaller ones beyond are combined as `other`.
const MOST: usize = 6;
/// A forward or a decode that takes more than this many times the longest bar is not drawn, as it would dwarf the rest.
const LONGEST_FORWARD: f64 = 6.0;

/// A processor's bar, in milliseconds per image.
struct Bar {
    label: String,
    /// Name, colour and time, from the left.
    parts: Vec<(String, Colour, f64)>,
    /// The stages of preprocessing together; 0 if they were not measured.
    staged: f64,
    /// The whole call, measured without the stages.
    whole: Option<f64>,
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|(.., ms)| ms).sum()
    }

    /// The times at the bar's end: of the stages and of the whole call, as stages are timed in calls of their own.
    fn times(&self) -> String {
        match (self.staged > 0.0, self.whole) {
            (false, whole) => format!("{} ms", number(whole.unwrap_or(0.0))),
            (true, None) => format!("{} ms in stages", number(self.staged)),
            (true, Some(whole)) => format!("{} ms in stages; call {} ms", number(self.staged), number(whole)),
        }
    }
}

/// The other parts of a step, in milliseconds per image.
#[derive(Default)]
struct Beside {
    decode: Option<f64>,
    forward: Option<f64>,
}

pub(super) fn draw(run: &Run, canvas: &mut Canvas) -> Result<()> {
    let batch = run.largest_batch();
    let names = batch.map_or_else(Vec::new, stage_names);
    let beside = batch.map_or_else(Beside::default, |batch| beside(run, batch));
    let (bars, left_out) = batch.map_or_else(Default::default, |batch| bars(run, batch, &names, &beside));
    let staged = bars.iter().any(|bar| bar.staged > 0.0);
    let size = batch.map_or(0, |batch| batch.batch_size);
    let what =
        if staged { "median milliseconds per image by stage" } else { "median milliseconds per image" };
    let mut subtitle = format!("{what}, batch {size}; lower is better{}", overlap(run, staged));
    if staged && bars.iter().any(|bar| bar.staged == 0.0) {
        subtitle += "; a single grey bar if stages were not measured";
    }
    let mut remarks: Vec<_> = caption::left_out(&left_out).into_iter().collect();
    match (beside.forward, bars.iter().any(|bar| bar.parts.iter().any(|part| part.0 == "forward"))) {
        (Some(ms), false) => {
            remarks.push(format!("the forward, {} ms per image, is too long for this chart", number(ms)));
        }
        (None, _) => remarks.push("no forward was measured".to_owned()),
        _ => {}
    }
    let title = if staged { "Where a step spends its time" } else { "Preprocess time per image" };
    let (top, bottom) = canvas.frame(title, &subtitle, &caption::of_run(run, &remarks))?;
    if bars.is_empty() {
        canvas.nothing();
        return Ok(());
    }
    let top = legend(canvas, &bars, top)?;
    draw_bars(canvas, &bars, (top, bottom - 52.0))
}

/// Says whether the parts, which are drawn one after the other, also run one after the other.
fn overlap(run: &Run, staged: bool) -> &'static str {
    let mut rows = run.batches.iter().flat_map(|batch| &batch.processors);
    match (staged, rows.any(|row| !row.pipelined_images_per_s.is_empty())) {
        // Pipelined, the next batch is prepared during the forward; see the throughput.
        (true, true) => {
            "; timed one after the other; when pipelined, everything before the forward overlaps it"
        }
        (true, false) => "; timed one after the other, without overlap",
        (false, true) => "; when pipelined, everything before the forward overlaps it",
        (false, false) => "",
    }
}

fn draw_bars(canvas: &mut Canvas, bars: &[Bar], (top, bottom): (f64, f64)) -> Result<()> {
    let room = canvas.widest(bars.iter().map(|bar| bar.label.as_str()), BODY, 40.0)?.min(canvas.width * 0.25);
    let times: Vec<String> = bars.iter().map(Bar::times).collect();
    let widest = canvas.widest(times.iter().map(String::as_str), SMALL, 40.0)?;
    let (left, right) = (24.0 + room + 10.0, canvas.width - 24.0 - widest - 10.0);
    let longest = bars.iter().map(Bar::length).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let x = |ms: f64| left + ms / longest * (right - left);
    let step = round_step(longest / 5.0);
    for index in 0..=(longest / step) as i32 {
        let value = f64::from(index) * step;
        canvas.line(&[(x(value), top), (x(value), bottom)], Colour::Grid, 1.0);
        canvas.text(&tick(value, step), (x(value), bottom + 18.0), BODY, Colour::Ink, Side::Centre);
    }
    let middle = ((left + right) / 2.0, bottom + 42.0);
    canvas.text("milliseconds per image", middle, BODY, Colour::Ink, Side::Centre);
    let pitch = ((bottom - top) / bars.len() as f64).min(64.0);
    for (index, (bar, times)) in bars.iter().zip(&times).enumerate() {
        let y = top + pitch * (index as f64 + 0.5);
        let half = (pitch * 0.34).max(0.5);
        let label = canvas.fit(&bar.label, BODY, room)?;
        canvas.text(&label, (left - 10.0, y), BODY, Colour::Ink, Side::Right);
        let mut from = 0.0;
        for (name, colour, ms) in &bar.parts {
            let (start, end) = (x(from), x(from + ms));
            canvas.rectangle((start, y - half), (end, y + half), *colour, 1.0);
            // A thin gap, so that neighbours can be told apart without their colours.
            canvas.line(&[(end, y - half), (end, y + half)], Colour::Paper, 1.0);
            let text = format!("{}, {name}: {} ms per image", bar.label, number(*ms));
            canvas.mark(((start + end) / 2.0, y), (((end - start) / 2.0).max(2.0), half), text, *ms);
            from += ms;
        }
        let end = x(bar.length()) + 8.0;
        let width = canvas.text_width(times, SMALL)?;
        // The grid must not run through the text.
        canvas.rectangle((end - 2.0, y - 10.0), (end + width + 2.0, y + 10.0), Colour::Paper, 1.0);
        canvas.text(times, (end, y), SMALL, Colour::Ink, Side::Left);
    }
    canvas.line(&[(left, top), (left, bottom)], Colour::Muted, 1.4);
    Ok(())
}

/// Draws the parts' names in the order of the bars, on as many lines as they need; returns where they end.
fn legend(canvas: &mut Canvas, bars: &[Bar], top: f64) -> Result<f64> {
    let mut parts: Vec<(&str, Colour)> = Vec::new();
    for (name, colour, _) in bars.iter().flat_map(|bar| &bar.parts) {
        if !parts.contains(&(name, *colour)) {
            parts.push((name, *colour));
        }
    }
    let (mut x, mut y) = (24.0, top + 8.0);
    for (name, colour) in parts {
        let name = canvas.fit(name, SMALL, 200.0)?;
        let width = canvas.text_width(&name, SMALL)?;
        if x + width + 18.0 > canvas.width - 24.0 {
            (x, y) = (24.0, y + 22.0);
        }
        canvas.rectangle((x, y - 6.0), (x + 12.0, y + 6.0), colour, 1.0);
        canvas.text(&name, (x + 18.0, y), SMALL, Colour::Ink, Side::Left);
        x += width + 38.0;
    }
    Ok(y + 20.0)
}

fn beside(run: &Run, batch: &Batch) -> Beside {
    let images = batch.batch_size.max(1) as f64;
    let each = |samples: &Samples| samples.measured().map(|estimate| estimate.median / images);
    let named = batch.forwards.iter().find(|row| Some(row.name.as_str()) == run.first_forward());
    Beside { decode: each(&batch.decode_ms), forward: named.and_then(|row| each(&row.forward_ms)) }
}

/// The stages, the longest in total first, so that the important ones begin at a common edge.
fn stage_names(batch: &Batch) -> Vec<String> {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, ms) in batch.processors.iter().flat_map(stages) {
        *totals.entry(name).or_default() += ms;
    }
    let mut totals: Vec<_> = totals.into_iter().collect();
    totals.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut names: Vec<String> = totals.iter().map(|(name, _)| (*name).to_owned()).collect();
    if names.len() > MOST {
        names.truncate(MOST - 1);
        names.push("other".to_owned());
    }
    names
}

fn stages(row: &ProcessorRow) -> impl Iterator<Item = (&str, f64)> {
    row.stages_ms.iter().map(|(name, ms)| (name.as_str(), *ms)).filter(|(_, ms)| ms.is_finite() && *ms > 0.0)
}

fn bars(run: &Run, batch: &Batch, names: &[String], beside: &Beside) -> (Vec<Bar>, Vec<String>) {
    let images = batch.batch_size.max(1) as f64;
    let (mut bars, mut left_out) = (Vec::new(), Vec::new());
    for subject in subjects(run).0 {
        let row = subject.row(batch);
        let whole = row.and_then(ProcessorRow::preprocess).map(|estimate| estimate.median / images);
        let mut parts = vec![0.0; names.len()];
        for (stage, ms) in row.into_iter().flat_map(stages) {
            let index = names.iter().position(|name| name == stage).unwrap_or(names.len() - 1);
            parts[index] += ms / images;
        }
        let staged: f64 = parts.iter().sum();
        // The colours of stages begin after black, which would look too heavy as an area.
        let parts = parts.into_iter().enumerate();
        let mut parts: Vec<_> = parts
            .filter(|(_, ms)| *ms > 0.0)
            .map(|(index, ms)| (names[index].clone(), Colour::Series(index + 1), ms))
            .collect();
        if let (true, Some(whole)) = (parts.is_empty(), whole) {
            parts.push(("the whole call".to_owned(), Colour::Plain, whole));
        }
        if parts.is_empty() {
            left_out.push(subject.label);
        } else {
            bars.push(Bar { label: subject.label, parts, staged, whole });
        }
    }
    let longest = bars.iter().map(Bar::length).fold(0.0, f64::max);
    let decode = beside.decode.filter(|ms| *ms <= longest * LONGEST_FORWARD);
    let forward = beside.forward.filter(|ms| *ms <= longest * LONGEST_FORWARD);
    for bar in &mut bars {
        bar.parts.splice(0..0, decode.map(|ms| ("decode".to_owned(), Colour::Grid, ms)));
        bar.parts.extend(forward.map(|ms| ("forward".to_owned(), Colour::Muted, ms)));
    }
    (bars, left_out)
}

/// Stages at every batch size as CSV; the whole call is the stage `(whole call)`.
pub(super) fn csv(run: &Run) -> String {
    let mut out = "batch_size,processor,feed,stage,ms_per_image\n".to_owned();
    for batch in &run.batches {
        let images = batch.batch_size.max(1) as f64;
        let size = batch.batch_size;
        let forwards = batch.forwards.iter().map(|row| (format!("forward {}", row.name), &row.forward_ms));
        for (stage, samples) in forwards.chain([("decode".to_owned(), &batch.decode_ms)]) {
            if let Some(estimate) = samples.measured() {
                let _ = writeln!(out, "{size},,,{},{}", field(&stage), estimate.median / images);
            }
        }
        for row in &batch.processors {
            let whole = row.preprocess().map(|estimate| ("(whole call)", estimate.median));
            for (stage, ms) in stages(row).chain(whole) {
                let (processor, feed, stage) = (field(&row.name), field(&row.feed), field(stage));
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{},{processor},{feed},{stage},{}", batch.batch_size, ms / images);
            }
        }
    }
    out
}
