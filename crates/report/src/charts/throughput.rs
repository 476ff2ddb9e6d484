//! Images per second through preprocess and forward, by batch size.

use std::collections::BTreeMap;

use anyhow::Result;
use patchmark_results::{
    Estimate, Run,
    text::{clean, number},
};

use super::{
    canvas::Canvas,
    caption,
    lines::{Axis, Plot, series},
    theme::Colour,
};
use crate::words::{overlap, run::Spread};

pub(super) fn draw(run: &Run, canvas: &mut Canvas) -> Result<()> {
    let forward = run.first_forward();
    let (serial, left_out) = series(run, |row| row.images_per_s.get(forward?).copied());
    let (pipelined, _) = series(run, |row| row.pipelined_images_per_s.get(forward?).copied());
    let ceiling = ceiling(run, forward);
    let every = serial.iter().chain(&pipelined).flat_map(|line| &line.points).map(|(_, e)| *e);
    let axis =
        axis(every.chain(ceiling.values().map(|rate| Estimate { median: *rate, low: *rate, high: *rate })));
    let named = forward.map_or_else(String::new, |name| format!(" ({})", clean(name)));
    let scale = if (axis.place)(8.0) == 3.0 { ", log scale" } else { "" };
    let how = match (pipelined.is_empty(), run.settings.pipelined_decodes) {
        (true, _) => "one after the other",
        (false, false) => "one after the other (solid), or with the next batch prepared meanwhile (dashed)",
        (false, true) => {
            "one after the other (solid), or with the next batch decoded and prepared meanwhile (dashed)"
        }
    };
    let mut remarks = vec![format!("bands are {}", Spread::of(run).of_bands())];
    if !ceiling.is_empty() {
        remarks.push("wide grey line: the forward alone".to_owned());
    }
    remarks.extend(caption::left_out(&left_out));
    let inside = canvas.frame(
        "Images per second, end to end",
        &format!("images per second: preprocess and forward{named}, {how}{scale}; higher is better"),
        &caption::of_run(run, &remarks),
    )?;
    let labels: Vec<_> = serial.iter().map(|line| line.label.as_str()).collect();
    let plot = Plot::new(canvas, run, &labels, axis, inside)?;
    draw_ceiling(canvas, &plot, &ceiling);
    for line in &pipelined {
        let points: Vec<_> = line.points.iter().map(|(size, e)| (plot.x(*size), plot.y(e.median))).collect();
        points.windows(2).for_each(|ends| canvas.dashes(ends[0], ends[1], Colour::Series(line.index)));
        for (point, (size, estimate)) in points.iter().zip(&line.points) {
            canvas.disc(*point, 3.0, Colour::Series(line.index), 1.0);
            let text =
                format!("{}, batch {size}, pipelined: {} images/s", line.label, number(estimate.median));
            canvas.mark(*point, (9.0, 9.0), text, estimate.median);
        }
    }
    plot.lines(canvas, &serial, " images/s")
}

/// Images per second of the forward alone, by batch size.
fn ceiling(run: &Run, forward: Option<&str>) -> BTreeMap<usize, f64> {
    let rate = |batch: &patchmark_results::Batch| {
        let row = batch.forwards.iter().find(|row| Some(row.name.as_str()) == forward)?;
        Some((batch.batch_size.max(1), overlap::ceiling(batch, row)?))
    };
    super::rows::batches(run).0.into_iter().filter_map(rate).filter(|(_, rate)| rate.is_finite()).collect()
}

fn draw_ceiling(canvas: &mut Canvas, plot: &Plot, ceiling: &BTreeMap<usize, f64>) {
    let points: Vec<_> = ceiling.iter().map(|(size, rate)| (plot.x(*size), plot.y(*rate))).collect();
    canvas.faint_line(&points, Colour::Muted, 7.0, 0.25);
    if points.len() < 2 {
        points.iter().for_each(|(x, y)| {
            canvas.faint_line(&[(x - 30.0, *y), (x + 30.0, *y)], Colour::Muted, 7.0, 0.25)
        });
    }
    for (point, (size, rate)) in points.iter().zip(ceiling) {
        canvas.mark(
            *point,
            (9.0, 6.0),
            format!("forward alone, batch {size}: {} images/s", number(*rate)),
            *rate,
        );
    }
}

/// An axis from zero, because rates are compared by their height; logarithmic if that would flatten some lines.
fn axis(ends: impl Iterator<Item = Estimate>) -> Axis {
    let (low, high) = ends.fold((f64::INFINITY, 0.0f64), |(low, high), e| (low.min(e.low), high.max(e.high)));
    if low.is_finite() && high / low > 20.0 {
        let (low, high, ticks) = log_ticks(low, high);
        return Axis { place: f64::log2, low, high, ticks };
    }
    let top = if high > 0.0 { high * 1.05 } else { 1.0 };
    let step = round_step(top / 6.0);
    let ticks = (0..=(top / step) as i32).map(|tick| f64::from(tick) * step);
    Axis {
        place: |value| value,
        low: 0.0,
        high: top,
        ticks: ticks.map(|value| (value, tick(value, step))).collect(),
    }
}

/// A logarithmic axis from below `low` to above `high`: the exponents of two at its ends, and at most nine labelled ticks.
pub(super) fn log_ticks(low: f64, high: f64) -> (f64, f64, Vec<(f64, String)>) {
    let low = low.max(1e-300).log2().floor() as i32;
    let high = (high.max(1e-300).log2().ceil() as i32).max(low + 1);
    let step = ((high - low + 7) / 8).max(1);
    let powers = (low..=high).filter(|power| (power - low) % step == 0).map(|power| f64::from(power).exp2());
    (f64::from(low), f64::from(high), powers.map(|value| (value, number(value))).collect())
}

/// The smallest of 1, 2, 5 × 10ⁿ that is not below `least`.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-12).log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

/// A tick of an axis with equal steps, with only as many digits as the step needs.
pub(super) fn tick(value: f64, step: f64) -> String {
    if value >= 1000.0 || !(1e-3..1e6).contains(&step) {
        return number(value);
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.3, 0.5), (1.0, 1.0), (17.0, 20.0), (0.06, 0.1)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}: {}", round_step(least));
        }
        assert_eq!(tick(1.5, 0.5), "1.5");
        assert_eq!(tick(40.0, 20.0), "40");
    }
}
