//! Preprocess time over forward time by batch size: how much of a step is spent before the model.

use anyhow::Result;
use patchmark_results::{Run, text::clean};

use super::{
    axis::Axis,
    caption,
    chart::Chart,
    frame::Frame,
    lines::{Lines, Reference, Series, csv, series},
};
use crate::words::spread::Spread;

/// The reference lines, and what they mean.
const REFERENCES: [(f64, &str); 2] = [(1.0, "equal to the forward"), (0.125, "1/8 of the forward")];

pub(super) fn chart(name: &'static str, run: &Run) -> Result<Chart> {
    let forward = run.first_forward();
    let (drawn, left_out) = series(run, |row| row.ratio.get(forward?).copied());
    let (low, high) = range(&drawn);
    // Lines far outside the data would squeeze it, so the caption then says where they are.
    let shown = high > 1.0 / 64.0 && low < 64.0;
    let references = REFERENCES.map(|(value, label)| Reference { label, points: vec![(None, value)] });
    let lines = Lines {
        axis: if shown { Axis::log(low.min(0.125), high.max(1.0), 8) } else { Axis::log(low, high, 8) },
        name: "preprocess time ÷ forward time".to_owned(),
        unit: " of the forward",
        series: drawn,
        second: (Vec::new(), ""),
        references: if shown { references.into() } else { Vec::new() },
    };
    let mut remarks = vec![format!("whiskers are {}", Spread::of(run).of_bands())];
    remarks.extend(lines.remark());
    if !shown {
        let place = if high <= 1.0 / 64.0 { "above" } else { "below" };
        remarks.push(format!("1, where preprocessing takes as long as the forward, lies {place} this chart"));
    }
    remarks.extend(caption::left_out(&left_out));
    let named = forward.map_or_else(String::new, |name| format!("{} forward, ", clean(name)));
    let frame = Frame {
        title: "Preprocessing time relative to the forward pass".to_owned(),
        subtitle: format!("{named}log scale; lower is better"),
        caption: caption::of_run(run, &remarks),
    };
    Chart::new(name, frame, csv(run, &[("ratio", |row| &row.ratio)]), |width| lines.draw(run, width))
}

fn range(drawn: &[Series]) -> (f64, f64) {
    let ends = drawn.iter().flat_map(|line| &line.points);
    let (low, high) =
        ends.fold((f64::INFINITY, 0.0f64), |(low, high), (_, e)| (low.min(e.low), high.max(e.high)));
    if low.is_finite() { (low, high) } else { (0.125, 1.0) }
}
