//! Figures and their intervals.

use patchmark_results::{
    Change, Estimate,
    text::{change, number},
};

/// What is shown instead of a missing figure.
pub const NONE: &str = "—";

/// A figure, or a dash.
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), number)
}

/// The median, or a dash.
pub fn median(estimate: Option<Estimate>) -> String {
    figure(estimate.map(|estimate| estimate.median))
}

/// A median with its interval: `0.0077 [0.0075–0.0079]`.
pub fn interval(estimate: &Estimate) -> String {
    format!("{} [{}–{}]", number(estimate.median), number(estimate.low), number(estimate.high))
}

/// The interval of a change: `[−0.3% … +2.8%]`.
pub fn change_interval(found: &Change) -> String {
    let high = found.high.filter(|high| *high < 9.995).map_or_else(|| "∞".to_owned(), change);
    format!("[{} … {high}]", change(found.low))
}

/// A change with its interval.
pub fn change_with_interval(found: &Change) -> String {
    format!("{} {}", change(found.median), change_interval(found))
}

/// A minimum effect, without a sign.
pub fn min_effect(effect: f64) -> String {
    format!("{:.1}%", effect * 100.0)
}
