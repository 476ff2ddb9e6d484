//! Preprocess time over forward time by batch size: how much of a step is spent before the model.

use anyhow::Result;
use patchmark_results::{
    Run,
    text::{clean, count},
};

use super::{
    canvas::Canvas,
    caption,
    lines::{Axis, Plot, Series, series},
};
use crate::words::run::Spread;

/// The reference lines, and what they mean.
const REFERENCES: [(f64, &str); 2] =
    [(1.0, "1: preprocessing equals the forward"), (0.125, "1/8 of the forward")];

pub(super) fn draw(run: &Run, canvas: &mut Canvas) -> Result<()> {
    let forward = run.first_forward();
    let (drawn, left_out) = series(run, |row| row.ratio.get(forward?).copied());
    let named = forward.map_or_else(String::new, |name| format!(" ({})", clean(name)));
    let (low, high) = range(&drawn);
    // Lines far outside the data would squeeze it, so the caption then says where they are.
    let shown = high > 1.0 / 64.0 && low < 64.0;
    let mut remarks = vec![format!("bands are {}", Spread::of(run).of_bands())];
    if !shown {
        let place = if high <= 1.0 / 64.0 { "above" } else { "below" };
        remarks.push(format!(
            "the lines at 1 (preprocessing equals the forward) and 1/8 lie {place} this chart"
        ));
    }
    remarks.extend(caption::left_out(&left_out));
    let inside = canvas.frame(
        "Preprocessing time relative to the forward pass",
        &format!("preprocess time ÷ forward time{named}, log scale; lower is better"),
        &caption::of_run(run, &remarks),
    )?;
    let axis = if shown { axis(low.min(0.125), high.max(1.0)) } else { axis(low, high) };
    let labels: Vec<_> = drawn.iter().map(|line| line.label.as_str()).collect();
    let plot = Plot::new(canvas, run, &labels, axis, inside)?;
    if shown {
        for (value, text) in REFERENCES {
            plot.reference(canvas, &drawn, value, text)?;
        }
    }
    plot.lines(canvas, &drawn, " of the forward")
}

fn range(drawn: &[Series]) -> (f64, f64) {
    let ends = drawn.iter().flat_map(|line| &line.points);
    let (low, high) =
        ends.fold((f64::INFINITY, 0.0f64), |(low, high), (_, e)| (low.min(e.low), high.max(e.high)));
    if low.is_finite() { (low, high) } else { (0.125, 1.0) }
}

/// Powers of two from below `low` to above `high`, few enough to read, with 1 among them if it is in the range.
fn axis(low: f64, high: f64) -> Axis {
    let low = (low.log2() - 0.1).floor() as i32;
    let high = ((high.log2() + 0.1).ceil() as i32).max(low + 1);
    let step = ((high - low + 7) / 8).max(1);
    let ticks = (low..=high)
        .filter(|power| power % step == 0)
        .map(|power| (f64::from(power).exp2(), power_label(power)));
    Axis { place: f64::log2, low: f64::from(low), high: f64::from(high), ticks: ticks.collect() }
}

fn power_label(power: i32) -> String {
    match power {
        0..=20 => count(1 << power),
        -20..=-1 => format!("1/{}", count(1 << -power)),
        _ => format!("2^{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_powers_of_two() {
        let texts = |low, high| axis(low, high).ticks.into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(0.075, 1.0), ["1/16", "1/8", "1/4", "1/2", "1", "2"]);
        assert!(texts(1e-4, 1e3).len() <= 9 && texts(1e-4, 1e3).contains(&"1".to_owned()));
        assert!((1..=9).contains(&texts(1e-300, 1e300).len()));
        assert!(texts(0.3, 0.3).len() >= 2);
    }
}
