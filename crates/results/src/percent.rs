//! A share that is written with its unit.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// The largest percentage that is accepted.
const MOST: f64 = 1000.0;

/// A relative change such as a minimum effect. It is always written with its unit, `5%`: a bare 5 could be read as 5% or as
/// five times as much.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// From a fraction: 0.05 is 5%.
    pub const fn of_fraction(fraction: f64) -> Self {
        Self(fraction * 100.0)
    }

    /// As a fraction: 5% is 0.05.
    pub fn fraction(self) -> f64 {
        self.0 / 100.0
    }

    /// As the number before the sign: 5% is 5.
    pub fn number(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", rounded(self.0))
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some(number) = text.strip_suffix('%') else {
            return Err(match text.parse::<f64>() {
                Ok(number) => unitless(text, number),
                Err(_) => format!("{text:?} is not a percentage such as \"5%\""),
            });
        };
        let value = number.trim_end().parse::<f64>().ok().filter(|value| (0.0..=MOST).contains(value));
        value.map(Self).ok_or_else(|| format!("{text:?} is not a percentage from \"0%\" to \"{MOST}%\""))
    }
}

/// The refusal of a number without its unit, with what it would be in either reading.
fn unitless(text: &str, number: f64) -> String {
    if !number.is_finite() {
        return format!("{text} is not a percentage such as \"5%\"");
    }
    format!(
        "{text} has no unit: write \"{}%\" if it is a percentage, or \"{}%\" if it is a fraction of 1",
        rounded(number),
        rounded(number * 100.0)
    )
}

/// Without the digits that only binary fractions bring: 0.07 × 100 is 7, not 7.000000000000001.
fn rounded(number: f64) -> f64 {
    format!("{number:.12e}").parse().unwrap_or(number)
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads a string, and refuses numbers with both readings.
struct Reader;

impl Visitor<'_> for Reader {
    type Value = Percent;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a percentage such as \"5%\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Percent, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Percent, E> {
        Err(E::custom(unitless(&number.to_string(), number)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Percent, E> {
        Err(E::custom(unitless(&number.to_string(), number as f64)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Percent, E> {
        Err(E::custom(unitless(&number.to_string(), number as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_written_with_its_sign() {
        for (text, fraction, shown) in
            [("5%", 0.05, "5%"), (" 0.5 % ", 0.005, "0.5%"), ("0%", 0.0, "0%"), ("1000%", 10.0, "1000%")]
        {
            let read: Percent = text.parse().unwrap();
            assert_eq!((read.fraction(), read.to_string().as_str()), (fraction, shown));
        }
        assert_eq!(Percent::of_fraction(0.07).to_string(), "7%");
    }

    #[test]
    fn a_bare_number_is_refused_with_both_readings() {
        for (text, percent, fraction) in
            [("5", "\"5%\"", "\"500%\""), ("0.05", "\"0.05%\"", "\"5%\""), ("0.07", "\"0.07%\"", "\"7%\"")]
        {
            let typed = text.parse::<Percent>().unwrap_err();
            let saved = serde_json::from_str::<Percent>(text).unwrap_err().to_string();
            for error in [typed, saved] {
                assert!(error.contains(&format!("{text} has no unit")), "{error}");
                assert!(error.contains(percent) && error.contains(fraction), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused_by_name() {
        for text in ["-1%", "1001%", "NaN%", "inf%", "NaN", "much", "", "%", "5%%", "5 percent"] {
            let error = text.parse::<Percent>().unwrap_err();
            assert!(error.contains("percentage") && error.contains(text), "{text}: {error}");
        }
    }
}
