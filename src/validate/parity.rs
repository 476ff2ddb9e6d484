//! How far two sets of values are apart, and how much of that is allowed.

use std::{fmt, str::FromStr};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::{input_error, parity::LEVEL};

/// Floating rounding on the scale of the values, −1 to 1: four units in the last place of 1.
const ROUNDING: f64 = 4.0 * f32::EPSILON as f64;

/// From the same bits to anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Every bit is equal.
    #[default]
    Exact,
    /// Floating rounding only: within 4.8e-7, or 4 units in the last place.
    LastPlace,
    /// At most one uint8 level before normalising.
    OneLevel,
    /// Within the tolerances that the user gave.
    Within,
    /// Anything else.
    Different,
}

impl fmt::Display for Class {
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

impl FromStr for Class {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "exact" => Ok(Self::Exact),
            "last-place" => Ok(Self::LastPlace),
            "one-level" => Ok(Self::OneLevel),
            _ => Err(input_error!("--allow {text}: choose exact, last-place or one-level")),
        }
    }
}

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The loosest class that passes.
    pub allow: Class,
    /// Absolute tolerance, where one was given.
    pub atol: Option<f64>,
    /// Tolerance relative to the reference's value, where one was given.
    pub rtol: Option<f64>,
}

impl Rules {
    /// Whether a measurement passes.
    pub fn accept(&self, found: &Measurement) -> bool {
        let tolerant = self.atol.is_some() || self.rtol.is_some();
        found.class() <= self.allow || (tolerant && found.beyond_tolerance == 0)
    }

    /// A phrase for the report where something but `exact` passes.
    pub fn relaxed(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.allow != Class::Exact {
            parts.push(format!("--allow {}", self.allow));
        }
        parts.extend(self.atol.map(|tolerance| format!("--atol {tolerance:e}")));
        parts.extend(self.rtol.map(|tolerance| format!("--rtol {tolerance:e}")));
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// Where the worst difference sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The image of the batch.
    pub image: usize,
    /// The patch, row by row.
    pub patch: usize,
    /// The pixel of the patch, row by row.
    pub pixel: usize,
    /// 0 red, 1 green, 2 blue.
    pub channel: usize,
}

/// Every value of two results, compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measurement {
    /// Values compared.
    pub values: u64,
    /// Those whose bits differ.
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
    /// Values beyond the tolerances, all that differ where none was given.
    pub beyond_tolerance: u64,
}

impl Measurement {
    /// The tightest class that holds.
    pub fn class(&self) -> Class {
        match self {
            Self { differing: 0, .. } => Class::Exact,
            Self { beyond_rounding: 0, .. } => Class::LastPlace,
            Self { beyond_level: 0, .. } => Class::OneLevel,
            Self { beyond_tolerance: 0, .. } => Class::Within,
            _ => Class::Different,
        }
    }

    /// Adds another batch's measurement; `place` follows the worst.
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

    /// A sentence's middle: how much, and where.
    pub fn describe(&self) -> String {
        let place = self.place.map_or_else(String::new, |place| {
            let channel = ["red", "green", "blue"].get(place.channel).copied().unwrap_or("?");
            format!(" at image {}, patch {}, pixel {}, {channel}", place.image, place.patch, place.pixel)
        });
        format!(
            "{}: {} of {} values, by {:.2e} at most ({:.2} uint8 levels, {} units in the last place){place}",
            self.class(),
            crate::report::format::count(self.differing),
            crate::report::format::count(self.values),
            self.worst,
            self.worst_levels,
            crate::report::format::count(self.worst_ulps),
        )
    }
}

/// Compares the real patches of two `[B, N, P·P·3]` results; `real` is the number in each image.
///
/// Values that the candidate has as NaN or infinity are left to the check that names them.
///
/// # Errors
/// If the shapes differ or an operation fails.
pub fn measure(reference: &Tensor, candidate: &Tensor, real: &[i64], rules: &Rules) -> Result<Measurement> {
    let mut found = Measurement::default();
    for (image, &patches) in real.iter().enumerate() {
        let part = |tensor: &Tensor| {
            let row = tensor.f_get(i64::try_from(image)?)?;
            Ok::<_, anyhow::Error>(row.f_narrow(0, 0, patches)?.f_contiguous()?.f_to_kind(Kind::Float)?)
        };
        let (right, given) = (part(reference)?, part(candidate)?);
        anyhow::ensure!(right.size() == given.size(), "the results have different shapes");
        found.values += right.numel() as u64;
        if right.f_view_dtype(Kind::Int)?.f_equal(&given.f_view_dtype(Kind::Int)?)? {
            continue;
        }
        let width = usize::try_from(right.size()[1])?.max(1);
        let right: Vec<f32> = Vec::try_from(right.f_flatten(0, -1)?)?;
        let given: Vec<f32> = Vec::try_from(given.f_flatten(0, -1)?)?;
        for (index, (&right, &given)) in right.iter().zip(&given).enumerate() {
            if right.to_bits() == given.to_bits() || !given.is_finite() {
                continue;
            }
            found.differing += 1;
            let distance = (f64::from(right) - f64::from(given)).abs();
            let ulps = ulps(right, given);
            found.worst_ulps = found.worst_ulps.max(ulps);
            found.worst_levels = found.worst_levels.max(distance / LEVEL);
            found.beyond_rounding += u64::from(distance > ROUNDING && ulps > 4);
            // A level itself is rounded, so a little more than one is still one.
            found.beyond_level += u64::from(distance > LEVEL * 1.001);
            let tolerance = rules.atol.unwrap_or(0.0) + rules.rtol.unwrap_or(0.0) * f64::from(right).abs();
            found.beyond_tolerance += u64::from(distance > tolerance);
            if distance > found.worst || found.place.is_none() {
                found.worst = distance;
                let within = index % width;
                found.place =
                    Some(Place { image, patch: index / width, pixel: within / 3, channel: within % 3 });
            }
        }
    }
    Ok(found)
}

/// How many f32 lie between two finite ones, +0 and −0 being neighbours of distance 0.
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

    fn class_of(right: &[f32], given: &[f32], rules: &Rules) -> Class {
        let tensor = |values: &[f32]| Tensor::from_slice(values).view([1, 1, values.len() as i64]);
        measure(&tensor(right), &tensor(given), &[1], rules).unwrap().class()
    }

    #[test]
    fn each_class_begins_where_the_one_before_ends() {
        let rules = Rules::default();
        let level = LEVEL as f32;
        assert_eq!(class_of(&[0.5], &[0.5], &rules), Class::Exact);
        assert_eq!(class_of(&[0.5], &[0.5 + f32::EPSILON], &rules), Class::LastPlace);
        assert_eq!(class_of(&[0.0], &[-0.0], &rules), Class::LastPlace);
        assert_eq!(class_of(&[0.5], &[0.5 + 1e-6], &rules), Class::OneLevel);
        assert_eq!(class_of(&[0.5], &[0.5 + level], &rules), Class::OneLevel);
        assert_eq!(class_of(&[0.5], &[0.5 + 2.0 * level], &rules), Class::Different);
        let tolerant = Rules { atol: Some(0.05), ..rules };
        assert_eq!(class_of(&[0.5], &[0.5 + 2.0 * level], &tolerant), Class::Within);
        assert_eq!(class_of(&[0.5], &[0.6], &tolerant), Class::Different);
    }

    #[test]
    fn padding_is_not_compared_and_the_worst_value_is_placed() {
        let right = Tensor::zeros([1, 2, 6], (Kind::Float, tch::Device::Cpu));
        let given = right.copy();
        let _ = given.get(0).get(1).fill_(9.0);
        assert_eq!(measure(&right, &given, &[1], &Rules::default()).unwrap().class(), Class::Exact);
        let _ = given.get(0).get(0).get(4).fill_(1.0);
        let found = measure(&right, &given, &[1], &Rules::default()).unwrap();
        assert_eq!(found.place, Some(Place { image: 0, patch: 0, pixel: 1, channel: 1 }));
        assert_eq!((found.differing, found.values), (1, 6));
    }

    #[test]
    fn rules_accept_their_class_and_say_that_they_are_relaxed() {
        let one = Measurement {
            values: 1,
            differing: 1,
            beyond_rounding: 1,
            beyond_tolerance: 1,
            ..Measurement::default()
        };
        assert!(!Rules::default().accept(&one));
        let relaxed = Rules { allow: Class::OneLevel, ..Rules::default() };
        assert!(relaxed.accept(&one));
        assert_eq!(relaxed.relaxed().as_deref(), Some("--allow one-level"));
        assert_eq!(Rules::default().relaxed(), None);
        assert!("different".parse::<Class>().is_err());
    }
}
