//! Values of options: lists of numbers, times and tolerances.

/// Distinct numbers from 1 up, in the order of a comma-separated list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers(pub(super) Vec<usize>);

/// Reads a comma-separated list of numbers from 1 to `MOST`.
pub(super) fn numbers<const MOST: usize>(text: &str) -> Result<Numbers, String> {
    let mut values = Vec::new();
    for item in text.split(',').map(str::trim) {
        let value = item.parse::<usize>().ok().filter(|value| (1..=MOST).contains(value));
        let value = value.ok_or_else(|| format!("{item:?} is not a number from 1 to {MOST}"))?;
        if values.contains(&value) {
            return Err(format!("{value} is named twice"));
        }
        values.push(value);
    }
    Ok(Numbers(values))
}

/// Reads a time such as `90s`, `2m` or `1.5m`; a bare number is seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    match number.trim().parse::<f64>() {
        Ok(value) if value > 0.0 && value * unit <= 1e6 => Ok(value * unit),
        _ => Err("give a time above zero such as 90s or 2m".into()),
    }
}

/// Reads a tolerated difference, from 0 up.
pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "give a number from 0 up".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_refuse_zero_words_and_repeats() {
        assert_eq!(numbers::<100>("1, 2,8").unwrap().0, [1, 2, 8]);
        for text in ["0", "1,x", "", "1,1", "101"] {
            assert!(numbers::<100>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(seconds("90s"), Ok(90.0));
        assert_eq!(seconds("1.5m"), Ok(90.0));
        assert_eq!(seconds("20"), Ok(20.0));
        for text in ["0s", "-1", "NaN", "inf", "soon"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tolerances_are_numbers_from_zero_up() {
        assert_eq!(tolerance("1e-6"), Ok(1e-6));
        for text in ["-1", "NaN", "much"] {
            assert!(tolerance(text).is_err(), "{text}");
        }
    }
}
