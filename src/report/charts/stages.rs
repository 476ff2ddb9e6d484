//! Milliseconds an image by stage and processor, at the largest batch.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::theme::{BODY, Canvas, GRID, INK, MUTED, SMALL, colour};
use super::throughput::{round_step, tick};
use super::{caption, field, processors};
use crate::report::format::{largest_batch, number, preprocess};
use crate::report::schema::{Batch, ProcessorRow, Run};

/// Stages told apart by colour; the smaller ones beyond are one, called `other`.
const MOST: usize = 7;
const PLAIN: RGBColor = RGBColor(150, 160, 170);

/// A processor's bar, in milliseconds an image.
struct Bar {
    label: String,
    /// Stage's index and time; empty where the stages were not measured.
    parts: Vec<(usize, f64)>,
    /// The whole call, measured without the stages.
    whole: Option<f64>,
}

impl Bar {
    fn length(&self) -> f64 {
        let parts: f64 = self.parts.iter().map(|(_, ms)| ms).sum();
        if self.parts.is_empty() { self.whole.unwrap_or(0.0) } else { parts }
    }

    /// The time at the bar's end; the whole call too, as the stages are timed in calls of their own.
    fn times(&self) -> String {
        match (self.parts.is_empty(), self.whole) {
            (true, _) => format!("{} ms", number(self.length())),
            (false, None) => format!("{} ms in stages", number(self.length())),
            (false, Some(whole)) => {
                format!("{} ms in stages; call {} ms", number(self.length()), number(whole))
            }
        }
    }
}

pub(super) fn draw<B: DrawingBackend>(run: &Run, canvas: &Canvas<'_, B>) -> Result<()> {
    let batch = largest_batch(run);
    let names = batch.map_or_else(Vec::new, stage_names);
    let (bars, left_out) = batch.map_or_else(Default::default, |batch| bars(run, batch, &names));
    let staged = bars.iter().any(|bar| !bar.parts.is_empty());
    let size = batch.map_or(0, |batch| batch.batch_size);
    let title =
        if staged { "Where preprocessing spends its time" } else { "What preprocessing an image takes" };
    let what = if staged { "median milliseconds an image by stage" } else { "median milliseconds an image" };
    let mut subtitle = format!("{what}, batch {size}; lower is better");
    if staged && bars.iter().any(|bar| bar.parts.is_empty()) {
        subtitle += "; one grey bar where stages were not measured";
    }
    // The medians here have no bands, so the caption must not speak of them.
    let caption: Vec<_> = caption(run, &left_out)
        .iter()
        .map(|line| line.replace(", bands are 95% intervals of the median", ""))
        .collect();
    canvas.frame(title, &subtitle, &caption)?;
    if bars.is_empty() {
        let middle = (canvas.width / 2.0, canvas.height / 2.0);
        return canvas.text("Nothing was measured.", middle, BODY, MUTED, HPos::Center);
    }
    if staged {
        legend(canvas, &names)?;
    }
    draw_bars(canvas, &bars)
}

fn draw_bars<B: DrawingBackend>(canvas: &Canvas<'_, B>, bars: &[Bar]) -> Result<()> {
    let (mut widest, mut times) = (40.0f64, 40.0f64);
    for bar in bars {
        widest = widest.max(canvas.text_width(&bar.label, BODY)?);
        times = times.max(canvas.text_width(&bar.times(), SMALL)?);
    }
    let room = widest.min(canvas.width * 0.25);
    let (left, right) = (24.0 + room + 10.0, canvas.width - 24.0 - times - 10.0);
    let (top, bottom) = (112.0, canvas.height - 124.0);
    let longest = bars.iter().map(Bar::length).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let x = |ms: f64| left + ms / longest * (right - left);
    let step = round_step(longest / 6.0);
    for index in 0..=(longest / step) as i32 {
        let value = f64::from(index) * step;
        canvas.line(&[(x(value), top), (x(value), bottom)], GRID, 1.0)?;
        canvas.text(&tick(value, step), (x(value), bottom + 17.0), BODY, INK, HPos::Center)?;
    }
    let middle = (left + right) / 2.0;
    canvas.text("milliseconds an image", (middle, bottom + 39.0), BODY, INK, HPos::Center)?;
    let pitch = ((bottom - top) / bars.len() as f64).min(64.0);
    let text = if pitch < 16.0 { pitch } else { BODY };
    for (index, bar) in bars.iter().enumerate() {
        let y = top + pitch * (index as f64 + 0.5);
        let half = (pitch * 0.34).max(0.5);
        canvas.text(&canvas.fit(&bar.label, text, room)?, (left - 10.0, y), text, INK, HPos::Right)?;
        if bar.parts.is_empty() {
            canvas.rectangle((left, y - half), (x(bar.length()), y + half), PLAIN)?;
        }
        let mut from = 0.0;
        for (stage, ms) in &bar.parts {
            canvas.rectangle((x(from), y - half), (x(from + ms), y + half), stage_colour(*stage))?;
            from += ms;
            // A white edge, so that neighbours differ without their colours.
            canvas.line(&[(x(from), y - half), (x(from), y + half)], WHITE, 1.0)?;
        }
        let (times, end) = (bar.times(), x(bar.length()) + 8.0);
        let width = canvas.text_width(&times, SMALL)?;
        // The grid must not run through the text.
        canvas.rectangle((end - 2.0, y - 9.0), (end + width + 2.0, y + 9.0), WHITE)?;
        canvas.text(&times, (end, y), text.min(SMALL), INK, HPos::Left)?;
    }
    canvas.line(&[(left, top), (left, bottom)], MUTED, 1.4)
}

fn legend<B: DrawingBackend>(canvas: &Canvas<'_, B>, names: &[String]) -> Result<()> {
    let mut x = 24.0;
    for (index, name) in names.iter().enumerate() {
        let name = canvas.fit(name, SMALL, 200.0)?;
        let width = canvas.text_width(&name, SMALL)?;
        if x + width + 18.0 > canvas.width - 24.0 {
            break;
        }
        canvas.rectangle((x, 80.0), (x + 12.0, 92.0), stage_colour(index))?;
        canvas.text(&name, (x + 18.0, 86.0), SMALL, INK, HPos::Left)?;
        x += width + 40.0;
    }
    Ok(())
}

/// Stages begin after black, which would weigh more than its share as an area.
fn stage_colour(index: usize) -> RGBColor {
    colour(index + 1)
}

/// The stages, the longest in all first, so that the ones that matter begin at a common edge.
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

fn bars(run: &Run, batch: &Batch, names: &[String]) -> (Vec<Bar>, Vec<String>) {
    let images = batch.batch_size.max(1) as f64;
    let (mut bars, mut left_out) = (Vec::new(), Vec::new());
    for (name, feed, label) in processors(run) {
        let row = batch.processors.iter().find(|row| row.name == name && row.feed == feed);
        let whole = row.and_then(preprocess).map(|estimate| estimate.median / images);
        let mut parts = vec![0.0; names.len()];
        for (stage, ms) in row.into_iter().flat_map(stages) {
            let index = names.iter().position(|name| name == stage).unwrap_or(names.len() - 1);
            parts[index] += ms / images;
        }
        let parts: Vec<_> = parts.into_iter().enumerate().filter(|(_, ms)| *ms > 0.0).collect();
        if parts.is_empty() && whole.is_none() {
            left_out.push(label);
        } else {
            bars.push(Bar { label, parts, whole });
        }
    }
    (bars, left_out)
}

/// Stages at every batch size as CSV; the whole call is the stage `(whole call)`.
pub(super) fn csv(run: &Run) -> String {
    let mut out = "batch_size,processor,feed,stage,ms_per_image\n".to_owned();
    for batch in &run.batches {
        let images = batch.batch_size.max(1) as f64;
        for row in &batch.processors {
            let whole = preprocess(row).map(|estimate| ("(whole call)", estimate.median));
            for (stage, ms) in stages(row).chain(whole) {
                let (processor, feed, stage) = (field(&row.name), field(&row.feed), field(stage));
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{},{processor},{feed},{stage},{}", batch.batch_size, ms / images);
            }
        }
    }
    out
}
