//! Values of options: lists of numbers, times and tolerances.

use jiff::SignedDuration;

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

/// The longest time that an option takes, in seconds: more than eleven days.
const LONGEST_S: f64 = 1e6;

/// Reads a time such as `90s`, `1.5m`, `1h 30m` or `500ms`; a bare number is seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let bare = text.parse::<f64>().ok();
    let value = bare.or_else(|| text.parse::<SignedDuration>().ok().map(|time| time.as_secs_f64()));
    match value {
        Some(value) if value > LONGEST_S => Err("give at most 1,000,000 s, which is 277h".into()),
        Some(value) if value > 0.0 => Ok(value),
        _ => {
            Err("give a time above zero, such as 90s, 1.5m, 1h 30m or 500ms; a bare number is seconds".into())
        }
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
        for (text, wanted) in [
            ("90s", 90.0),
            ("1.5m", 90.0),
            ("1h", 3600.0),
            ("1h30m", 5400.0),
            ("1h 30m", 5400.0),
            ("2 minutes", 120.0),
            ("500ms", 0.5),
            ("20", 20.0),
            ("0.5", 0.5),
            ("1e6", 1e6),
        ] {
            assert_eq!(seconds(text), Ok(wanted), "{text}");
        }
        for text in ["0s", "0", "-1", "-90s", "NaN", "soon", "", "1x", "90S s", "1mo"] {
            assert!(seconds(text).is_err_and(|message| message.contains("1h 30m or 500ms")), "{text}");
        }
        for text in ["inf", "1000001", "300h"] {
            assert!(seconds(text).is_err_and(|message| message.contains("at most")), "{text}");
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
