//! Several runs side by side: each processor's time in each of them.

use std::fmt::Write;

use anyhow::Result;
use patchmark_results::{
    Batch, Estimate, Run,
    text::{clean, count},
};

use super::{
    axis::Axis,
    canvas::{Canvas, Side},
    chart::Chart,
    csv::field,
    frame::Frame,
    lines::sound,
    marker::Marker,
    rows::{MOST_PROCESSORS, subjects},
    theme::{BODY, Colour, SMALL},
};
use crate::words::{figures::interval, spread::Spread};

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
    let names: Vec<String> = drawn
        .iter()
        .zip(&batches)
        .map(|((name, run), batch)| {
            let size = batch.map_or_else(String::new, |batch| format!(", batch {}", batch.batch_size));
            format!("{}{size} ({})", clean(name), clean(&run.environment.commit))
        })
        .collect();
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
    let frame = Frame {
        title: "Time per image, run by run".to_owned(),
        subtitle: "median preprocess time per image, log scale; lower is better".to_owned(),
        caption,
    };
    Chart::new("across", frame, csv(runs), |width| {
        let mut canvas = Canvas::new(width)?;
        if groups.is_empty() {
            canvas.nothing("Nothing was measured.");
        } else {
            let top = legend(&mut canvas, &names)?;
            draw(&mut canvas, &groups, &names, top)?;
        }
        Ok(canvas)
    })
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

/// Draws the runs' names; returns where they end.
fn legend(canvas: &mut Canvas, names: &[String]) -> Result<f64> {
    let mut y = 10.0;
    for (place, name) in names.iter().enumerate() {
        canvas.marker(place, (8.0, y));
        // A name is a path, which may be long and has no spaces.
        let lines = canvas.wrap(name, SMALL, canvas.width - 30.0, "/")?;
        for (index, line) in lines.iter().enumerate() {
            let slash = if index + 1 < lines.len() { "/" } else { "" };
            canvas.text(&format!("{line}{slash}"), (22.0, y), SMALL, Colour::Ink, Side::Left);
            y += 23.0;
        }
    }
    Ok(y + 6.0)
}

fn draw(canvas: &mut Canvas, groups: &[Group], names: &[String], top: f64) -> Result<()> {
    let (width, narrow) = (canvas.width, canvas.narrow());
    let labels = groups.iter().map(|group| group.label.as_str());
    let room = canvas.widest(labels, BODY, 40.0)?.min(width * 0.3);
    let (left, right) = if narrow { (8.0, width - 8.0) } else { (room + 16.0, width - 16.0) };
    let above = if narrow { 28.0 } else { 0.0 };
    let ends = groups.iter().flat_map(|group| &group.points).map(|(_, each)| *each);
    let (low, high) = ends.fold((f64::INFINITY, 0.0f64), |(low, high), e| (low.min(e.low), high.max(e.high)));
    let axis = Axis::log(low, high, if narrow { 5 } else { 9 });
    let x = |value: f64| left + axis.share(value) * (right - left);
    let mut from = top;
    for group in groups {
        let to = from + above + height(group);
        let middle = from + above + height(group) / 2.0;
        for (value, _) in &axis.ticks {
            canvas.line(&[(x(*value), from + above), (x(*value), to)], Colour::Grid, 1.0);
        }
        let label = canvas.fit(&group.label, BODY, if narrow { width } else { room })?;
        let (at, side) =
            if narrow { ((0.0, from + 15.0), Side::Left) } else { ((left - 16.0, middle), Side::Right) };
        canvas.text(&label, at, BODY, Colour::Ink, side);
        for (order, (place, each)) in group.points.iter().enumerate() {
            let y = middle + STEP * (order as f64 - (group.points.len() - 1) as f64 / 2.0);
            let colour = Colour::Series(*place);
            canvas.faint_line(&[(x(each.low), y), (x(each.high), y)], colour, 2.4, 0.6);
            canvas.symbol(Marker::of_series(*place), colour, (x(each.median), y), 1.0);
            let text = format!("{}, {}: {} ms per image", group.label, names[*place], interval(each));
            canvas.mark((x(each.median), y), (8.0, STEP / 2.0), text, each.median);
        }
        from = to;
        canvas.line(&[(0.0, from), (right, from)], Colour::Grid, 1.0);
    }
    for (value, text) in &axis.ticks {
        let half = canvas.text_width(text, BODY)? / 2.0;
        let at = x(*value).clamp(half, (width - half).max(half));
        canvas.text(text, (at, from + 18.0), BODY, Colour::Ink, Side::Centre);
    }
    let middle = ((left + right) / 2.0, from + 42.0);
    canvas.text("milliseconds per image", middle, BODY, Colour::Ink, Side::Centre);
    canvas.height = from + 54.0;
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
