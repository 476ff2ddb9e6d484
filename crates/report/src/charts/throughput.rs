//! Images per second through preprocess and forward, by batch size.

use anyhow::Result;
use patchmark_results::{Batch, Run, text::clean};

use super::{
    axis::Axis,
    caption,
    chart::Chart,
    frame::Frame,
    lines::{Lines, Reference, Series, csv, series},
    rows::batches,
};
use crate::words::{overlap, spread::Spread};

/// A range of more than this factor is drawn on a logarithmic axis, as low lines would else be flat.
const WIDEST: f64 = 20.0;

pub(super) fn chart(name: &'static str, run: &Run) -> Result<Chart> {
    let forward = run.first_forward();
    let (serial, left_out) = series(run, |row| row.images_per_s.get(forward?).copied());
    let (pipelined, _) = series(run, |row| row.pipelined_images_per_s.get(forward?).copied());
    let ceiling = ceiling(run, forward);
    let axis = axis(serial.iter().chain(&pipelined), &ceiling);
    let scale = if axis.is_log() { ", log scale" } else { "" };
    let settings = &run.settings;
    let how = match (pipelined.is_empty(), settings.pipelined_decodes, settings.serial_decodes) {
        (true, ..) => "one after the other",
        (_, false, _) => "one after the other (solid), or with the next batch prepared meanwhile (dashed)",
        (_, true, true) => {
            "one after the other (solid), or with the next batch decoded and prepared meanwhile (dashed)"
        }
        // Older versions of patchmark.
        (_, true, false) => {
            "one after the other without decoding (solid), or with the next batch decoded and prepared meanwhile (dashed)"
        }
    };
    let alone = Reference {
        label: "forward alone",
        points: ceiling.into_iter().map(|(size, rate)| (Some(size), rate)).collect(),
    };
    let lines = Lines {
        axis,
        name: "images per second".to_owned(),
        unit: " images/s",
        series: serial,
        second: (pipelined, "pipelined"),
        references: if alone.points.is_empty() { Vec::new() } else { vec![alone] },
    };
    let mut remarks = vec![format!("whiskers are {}", Spread::of(run).of_bands())];
    remarks.extend(lines.remark());
    remarks.extend(caption::left_out(&left_out));
    let named = forward.map_or_else(String::new, |name| format!(" ({})", clean(name)));
    let frame = Frame {
        title: "Images per second, end to end".to_owned(),
        subtitle: format!("{}{named}, {how}{scale}; higher is better", overlap::steps(settings)),
        caption: caption::of_run(run, &remarks),
    };
    let csv =
        csv(run, &[("serial", |row| &row.images_per_s), ("pipelined", |row| &row.pipelined_images_per_s)]);
    Chart::new(name, frame, csv, |width| lines.draw(run, width))
}

/// Images per second of the forward alone, by batch size.
fn ceiling(run: &Run, forward: Option<&str>) -> Vec<(usize, f64)> {
    let rate = |batch: &Batch| {
        let row = batch.forwards.iter().find(|row| Some(row.name.as_str()) == forward)?;
        Some((batch.batch_size.max(1), overlap::ceiling(batch, row)?))
    };
    let rates = batches(run).0.into_iter().filter_map(rate);
    rates.filter(|(_, rate)| rate.is_finite() && *rate > 0.0).collect()
}

/// An axis from zero, because rates are compared by their height; logarithmic if that would flatten some lines.
fn axis<'a>(lines: impl Iterator<Item = &'a Series>, ceiling: &[(usize, f64)]) -> Axis {
    let drawn = lines.flat_map(|line| &line.points).map(|(_, e)| (e.low, e.high));
    let ends = drawn.chain(ceiling.iter().map(|(_, rate)| (*rate, *rate)));
    let (low, high) = ends.fold((f64::INFINITY, 0.0f64), |(low, high), (l, h)| (low.min(l), high.max(h)));
    if low.is_finite() && high / low > WIDEST {
        return Axis::log(low, high, 8);
    }
    Axis::linear(0.0, if high > 0.0 { high } else { 1.0 }, 6)
}
