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
    let high = found.high.filter(|high| high.is_finite()).map_or_else(|| "∞".to_owned(), change);
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

/// A factor with its interval: `22.3× (21.9 to 22.8)`.
pub fn factor(found: &Estimate) -> String {
    format!("{}× ({} to {})", number(found.median), number(found.low), number(found.high))
}

/// A share with its interval: `4.6% (4.5 to 4.8%)`, or as a factor if a percentage would be hard to read.
pub fn share(found: &Estimate) -> String {
    if found.median >= 2.0 {
        return factor(found);
    }
    let [median, low, high] = [found.median, found.low, found.high].map(|share| number(share * 100.0));
    format!("{median}% ({low} to {high}%)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upper_end_is_infinite_only_if_it_has_no_bound() {
        let ends = |high| change_interval(&Change { median: 11.0, low: 10.8, high });
        assert_eq!(ends(Some(11.3)), "[11.8× … 12.3×]");
        assert_eq!(ends(Some(4_999.0)), "[11.8× … 5,000×]");
        assert_eq!(ends(None), "[11.8× … ∞]");
    }
}
