//! How far apart two outputs are, and which differences are allowed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{count, plural};

/// One uint8 level after NaFlex's rescaling and normalising.
pub const LEVEL: f64 = 2.0 / 255.0;

/// What counts as floating-point rounding of values from −1 to 1: four units in the last place of 1.
const ROUNDING: f64 = 4.0 * f32::EPSILON as f64;

/// How different two outputs are, from equal bits to anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParityClass {
    /// Every bit is equal.
    #[default]
    Exact,
    /// Floating-point rounding only: within 4.8e-7, or 4 units in the last place.
    LastPlace,
    /// At most one uint8 level before normalising.
    OneLevel,
    /// Within the tolerances that the user gave.
    Within,
    /// Anything else.
    Different,
}

impl fmt::Display for ParityClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Exact => "exact",
            Self::LastPlace => "last-place",
            Self::OneLevel => "one-level",
            Self::Within => "within tolerance",
            Self::Different => "different",
        })
    }
}

/// Which differences pass.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// The loosest class that passes.
    pub allow: ParityClass,
    /// Absolute tolerance, if one was given.
    pub atol: Option<f64>,
    /// Tolerance relative to the reference's value, if one was given.
    pub rtol: Option<f64>,
}

impl Tolerance {
    /// Whether a difference passes.
    pub fn accept(&self, found: &Difference) -> bool {
        let tolerant = self.atol.is_some() || self.rtol.is_some();
        found.class() <= self.allow || (tolerant && found.beyond_tolerance == 0)
    }

    /// The options that allow more than equal bits; none if only equal bits pass.
    pub fn relaxed(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.allow != ParityClass::Exact {
            parts.push(format!("--allow {}", self.allow));
        }
        parts.extend(self.atol.map(|tolerance| format!("--atol {tolerance:e}")));
        parts.extend(self.rtol.map(|tolerance| format!("--rtol {tolerance:e}")));
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// Where the worst difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Index of the image in the batch.
    pub image: usize,
    /// Index of the patch in the image, row by row.
    pub patch: usize,
    /// Index of the pixel in the patch, row by row.
    pub pixel: usize,
    /// 0 red, 1 green, 2 blue.
    pub channel: usize,
}

/// The comparison of every value of two outputs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Values compared.
    pub values: u64,
    /// Values whose bits differ.
    pub differing: u64,
    /// The largest absolute difference.
    pub worst: f64,
    /// The largest distance in units in the last place.
    pub worst_ulps: u64,
    /// The largest difference in uint8 levels.
    pub worst_levels: f64,
    /// Where the largest difference is.
    pub place: Option<Place>,
    /// Values beyond floating rounding.
    pub beyond_rounding: u64,
    /// Values beyond one uint8 level.
    pub beyond_level: u64,
    /// Values beyond the tolerances; if none was given, all values that differ.
    pub beyond_tolerance: u64,
}

impl Difference {
    /// The strictest class that applies.
    pub fn class(&self) -> ParityClass {
        match self {
            Self { differing: 0, .. } => ParityClass::Exact,
            Self { beyond_rounding: 0, .. } => ParityClass::LastPlace,
            Self { beyond_level: 0, .. } => ParityClass::OneLevel,
            Self { beyond_tolerance: 0, .. } => ParityClass::Within,
            _ => ParityClass::Different,
        }
    }

    /// Adds a pair of values, unless their bits are equal or the candidate's is NaN or infinite, which is reported on its own.
    /// `level` is one uint8 level in these values. It does not count [`Difference::values`].
    pub fn observe(
        &mut self,
        reference: f32,
        candidate: f32,
        level: f64,
        tolerance: &Tolerance,
        place: impl FnOnce() -> Option<Place>,
    ) {
        if reference.to_bits() == candidate.to_bits() || !candidate.is_finite() {
            return;
        }
        let distance = (f64::from(reference) - f64::from(candidate)).abs();
        let ulps = ulps(reference, candidate);
        self.worst_ulps = self.worst_ulps.max(ulps);
        self.worst_levels = self.worst_levels.max(distance / level);
        self.beyond_rounding += u64::from(distance > ROUNDING && ulps > 4);
        // A level is itself rounded, so slightly more than one level still counts as one.
        self.beyond_level += u64::from(distance > level * 1.001);
        let allowed =
            tolerance.atol.unwrap_or(0.0) + tolerance.rtol.unwrap_or(0.0) * f64::from(reference).abs();
        self.beyond_tolerance += u64::from(distance > allowed);
        if distance > self.worst || self.differing == 0 {
            self.worst = distance;
            self.place = place();
        }
        self.differing += 1;
    }

    /// Adds another batch's difference; `place` is that of the worse of the two.
    pub fn add(&mut self, other: &Self) {
        if other.worst > self.worst || self.place.is_none() {
            self.place = other.place;
        }
        self.values += other.values;
        self.differing += other.differing;
        self.worst = self.worst.max(other.worst);
        self.worst_ulps = self.worst_ulps.max(other.worst_ulps);
        self.worst_levels = self.worst_levels.max(other.worst_levels);
        self.beyond_rounding += other.beyond_rounding;
        self.beyond_level += other.beyond_level;
        self.beyond_tolerance += other.beyond_tolerance;
    }

    /// A phrase that says how much differs, and where.
    pub fn describe(&self) -> String {
        let place = self.place.map_or_else(String::new, |place| {
            let channel = ["red", "green", "blue"].get(place.channel).copied().unwrap_or("?");
            format!(" at image {}, patch {}, pixel {}, {channel}", place.image, place.patch, place.pixel)
        });
        format!(
            "{}: {} of {}, by at most {:.2e} ({:.2} uint8 levels, {} in the last place){place}",
            self.class(),
            count(self.differing),
            plural(self.values, "value"),
            self.worst,
            self.worst_levels,
            plural(self.worst_ulps, "unit"),
        )
    }
}

/// The distance of two finite f32 in units in the last place; that of +0 and −0 is 0.
fn ulps(a: f32, b: f32) -> u64 {
    let ordered = |value: f32| {
        let bits = i64::from(value.to_bits() & 0x7fff_ffff);
        if value.is_sign_negative() { -bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(reference: f32, candidate: f32, level: f64) -> ParityClass {
        let mut found = Difference { values: 1, ..Difference::default() };
        found.observe(reference, candidate, level, &Tolerance::default(), || None);
        found.class()
    }

    #[test]
    fn a_level_is_that_of_the_values() {
        assert_eq!(class_of(0.5, 0.5 + LEVEL as f32, LEVEL), ParityClass::OneLevel);
        assert_eq!(class_of(0.5, 0.5 + LEVEL as f32, LEVEL / 2.0), ParityClass::Different);
        // Values that were not rescaled: a level is one.
        assert_eq!(class_of(254.0, 255.0, 1.0), ParityClass::OneLevel);
        assert_eq!(class_of(0.0, 1.0, 1.0), ParityClass::OneLevel);
        assert_eq!(class_of(253.0, 255.0, 1.0), ParityClass::Different);
        assert_eq!(class_of(254.0, 254.00003, 1.0), ParityClass::LastPlace);
    }

    #[test]
    fn one_of_a_thing_is_told_in_the_singular() {
        let mut found = Difference { values: 1, ..Difference::default() };
        found.observe(0.5, 0.5 + f32::EPSILON / 2.0, LEVEL, &Tolerance::default(), || None);
        assert_eq!(
            found.describe(),
            "last-place: 1 of 1 value, by at most 5.96e-8 (0.00 uint8 levels, 1 unit in the last place)"
        );
    }
}
