//! Images a second through preprocess and forward, by batch size.

use anyhow::Result;
use plotters::prelude::*;

use super::lines::{Axis, Plot, series};
use super::theme::Canvas;
use super::{Series, caption};
use crate::report::format::{clean, first_forward, number};
use crate::report::schema::Run;

pub(super) fn draw<B: DrawingBackend>(run: &Run, canvas: &Canvas<'_, B>) -> Result<()> {
    let forward = first_forward(run);
    let (drawn, left_out) = series(run, |row| row.images_per_s.get(forward?).copied());
    let axis = axis(&drawn);
    let named = forward.map_or_else(String::new, |name| format!(" ({})", clean(name)));
    let scale = if (axis.place)(8.0) == 3.0 { ", log scale" } else { "" };
    canvas.frame(
        "Images a second, end to end",
        &format!(
            "images a second: preprocess, then forward{named}, one after the other{scale}; higher is better"
        ),
        &caption(run, &left_out),
    )?;
    let plot = Plot::new(canvas, run, &drawn, axis)?;
    plot.lines(canvas, &drawn)
}

/// From zero, as rates are compared by their height; logarithmic where that would flatten some.
fn axis(drawn: &[Series]) -> Axis {
    let ends = drawn.iter().flat_map(|line| &line.points);
    let (low, high) =
        ends.fold((f64::INFINITY, 0.0f64), |(low, high), (_, e)| (low.min(e.low), high.max(e.high)));
    if low.is_finite() && high / low > 20.0 {
        let low = low.log2().floor() as i32;
        let high = (high.log2().ceil() as i32).max(low + 1);
        let step = ((high - low + 7) / 8).max(1);
        let powers =
            (low..=high).filter(|power| (power - low) % step == 0).map(|power| f64::from(power).exp2());
        let ticks = powers.map(|value| (value, number(value))).collect();
        return Axis { place: f64::log2, low: f64::from(low), high: f64::from(high), ticks };
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

/// The least of 1, 2, 5 × 10ⁿ that is not below `least`.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-12).log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

/// A tick of an axis by equal steps, with the digits that the step needs and no more.
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
