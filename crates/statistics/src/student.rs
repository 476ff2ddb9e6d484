//! Quantiles of Student's t, for intervals from few independent blocks.

/// The value that Student's t with `degrees` of freedom exceeds with probability `tail`.
///
/// `tail` must lie in (0, 0.5), and `degrees` must be at least 1. Otherwise the result is infinity, which makes an
/// interval that decides nothing.
pub fn upper_quantile(tail: f64, degrees: f64) -> f64 {
    if !(tail > 0.0 && tail < 0.5 && degrees >= 1.0) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 2.0);
    while upper_tail(high, degrees) > tail {
        high *= 2.0;
        if high > 1e12 {
            return f64::INFINITY;
        }
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle, degrees) > tail { low = middle } else { high = middle }
    }
    high
}

/// The probability that Student's t exceeds `value`, which must not be negative.
fn upper_tail(value: f64, degrees: f64) -> f64 {
    0.5 * incomplete_beta(degrees / (degrees + value * value), degrees / 2.0, 0.5)
}

/// The regularised incomplete beta function, by its continued fraction (Lentz's method).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction converges fast only on this side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for step in 1..300 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = product;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            product *= c * d;
        }
        if (product / before - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

/// The logarithm of the gamma function of a positive number (Lanczos, 9 terms, g = 7).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = 0.999_999_999_999_809_9;
    for (index, term) in TERMS.iter().enumerate() {
        sum += term / (x + index as f64 + 1.0);
    }
    let t = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let known = [
            (0.025, 1.0, 12.706_205),
            (0.025, 4.0, 2.776_445),
            (0.005, 10.0, 3.169_273),
            (0.001, 30.0, 3.385_185),
            (0.025, 1e7, 1.959_964),
        ];
        for (tail, degrees, quantile) in known {
            let found = upper_quantile(tail, degrees);
            assert!((found / quantile - 1.0).abs() < 1e-6, "{tail}, {degrees}: {found}");
        }
    }

    #[test]
    fn nonsense_decides_nothing() {
        for (tail, degrees) in [(0.0, 5.0), (0.5, 5.0), (f64::NAN, 5.0), (0.01, 0.5), (0.01, f64::NAN)] {
            assert_eq!(upper_quantile(tail, degrees), f64::INFINITY);
        }
    }
}
