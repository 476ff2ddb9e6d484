//! Axes: where values stand, and round ticks that share one format.

use patchmark_results::text::count;

/// How values are placed along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
}

/// An axis from `low` to `high`, with its labelled ticks.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Equal steps, from at most `low` to at least `high`, with about `most` ticks.
    pub fn linear(low: f64, high: f64, most: usize) -> Self {
        let step = round_step((high - low).max(1e-300) / most.max(1) as f64);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let last = if last > first { last } else { first + 1.0 };
        let values = (0..=(last - first).min(50.0) as u32).map(|n| (first + f64::from(n)) * step);
        Self {
            scale: Scale::Linear,
            low: first * step,
            high: last * step,
            ticks: values.map(|value| (value, plain(value, decimals(step)))).collect(),
        }
    }

    /// Equal factors, from a little below `low` to a little above `high`, with at most `most` ticks: at 1, 2 and 5 times
    /// powers of ten, or only at powers of ten if those would be too many.
    pub fn log(low: f64, high: f64, most: usize) -> Self {
        let low = if low.is_finite() { low.clamp(1e-150, 1e150) } else { 1.0 };
        let high = if high.is_finite() { high.clamp(low * 1.02, 1e151) } else { low * 10.0 };
        let room = (high / low).powf(0.05).max(1.02);
        let (low, high) = (low / room, high * room);
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let within = |value: &f64| (low..=high).contains(value);
        let of_decades = |digits: &'static [f64], stride: i32| -> Vec<f64> {
            let powers = decades.clone().filter(|power| power.rem_euclid(stride) == 0);
            let values = powers.flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
            values.filter(within).collect()
        };
        let dense = of_decades(&[1.0, 2.0, 5.0], 1);
        let plain_enough = low >= 1e-5 && high <= 1e7;
        let ticks = match dense.len() {
            // Too few: equal steps, which are not far from equal factors over so short a range.
            0..=2 if plain_enough => {
                let step = round_step((high - low) / most.max(2) as f64);
                let first = (low / step).ceil();
                let values = (0..=most as u32).map(|n| (first + f64::from(n)) * step).filter(within);
                values.map(|value| (value, plain(value, decimals(step)))).collect()
            }
            found if found <= most && plain_enough => dense.into_iter().map(|v| (v, rounded(v))).collect(),
            _ => {
                let stride = (1..700).find(|stride| of_decades(&[1.0], *stride).len() <= most.max(1));
                let values = of_decades(&[1.0], stride.unwrap_or(1));
                let text = |v: f64| if plain_enough { rounded(v) } else { power(v.log10().round() as i32) };
                values.into_iter().map(|value| (value, text(value))).collect()
            }
        };
        Self { scale: Scale::Log, low, high, ticks }
    }

    /// Where a value stands between the two ends, from 0 to 1.
    pub fn share(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.max(1e-300) / self.low).ln() / (self.high / self.low).ln(),
        };
        share.clamp(0.0, 1.0)
    }

    /// Whether equal factors, rather than equal steps, are equally long.
    pub fn is_log(&self) -> bool {
        self.scale == Scale::Log
    }
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

/// Decimals that multiples of a step need.
fn decimals(step: f64) -> usize {
    (-step.log10().floor()).clamp(0.0, 12.0) as usize
}

/// A number with a fixed number of decimals and thousands separators.
pub(super) fn plain(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:.1e}");
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    format!("{}{whole}{rest}", if value < 0.0 && !zero { "−" } else { "" })
}

/// One digit times a power of ten, with no more decimals than it has.
fn rounded(value: f64) -> String {
    plain(value, decimals(value * 1.001))
}

/// A power of ten: `10⁻³`.
pub(super) fn power(exponent: i32) -> String {
    let digits = exponent.to_string();
    let raised = digits.chars().map(|digit| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => other.to_digit(10).and_then(|n| char::from_u32(0x2070 + n)).unwrap_or(other),
    });
    format!("10{}", raised.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.3, 0.5), (1.0, 1.0), (17.0, 20.0), (0.06, 0.1)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}: {}", round_step(least));
        }
    }

    #[test]
    fn ticks_of_equal_steps_have_equally_many_decimals() {
        assert_eq!(texts(&Axis::linear(0.0, 2.9, 6)), ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]);
        assert_eq!(texts(&Axis::linear(0.0, 7600.0, 5)), ["0", "2,000", "4,000", "6,000", "8,000"]);
        assert_eq!(texts(&Axis::linear(-0.06, 0.1, 4)), ["−0.10", "−0.05", "0.00", "0.05", "0.10"]);
    }

    #[test]
    fn ticks_of_equal_factors_are_round_few_and_of_one_kind() {
        assert_eq!(texts(&Axis::log(310.0, 7700.0, 8)), ["500", "1,000", "2,000", "5,000"]);
        assert_eq!(texts(&Axis::log(30.0, 900.0, 8)), ["50", "100", "200", "500", "1,000"]);
        assert_eq!(texts(&Axis::log(2e-4, 1.0, 8)), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts(&Axis::log(98.0, 103.0, 5)), ["98", "100", "102", "104"]);
        assert_eq!(texts(&Axis::log(1e-7, 30.0, 5)), ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        for (low, high) in [(1e-300, 1e300), (f64::NAN, 0.0), (0.0, 0.0), (1e5, 1e5), (0.3, 0.3)] {
            let axis = Axis::log(low, high, 6);
            assert!(axis.ticks.len() <= 8, "{low} {high}: {axis:?}");
            assert!(axis.share(low).is_finite());
        }
    }
}
