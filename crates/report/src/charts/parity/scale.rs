//! The vertical scale of a strip.

use patchmark_results::{LEVEL, parity::size};

use super::lanes::Lane;

/// The height of the bands for images that have no place on the scale.
pub(super) const BAND: f64 = 20.0;

/// The scale that all strips share, in powers of ten of a level.
pub(super) struct Scale {
    low: i32,
    high: i32,
    /// Whether a band above the scale is needed.
    pub broken: bool,
}

impl Scale {
    pub fn new(lanes: &[Lane<'_>]) -> Self {
        let worst = lanes.iter().flat_map(|lane| lane.differing.values()).map(|(worst, _)| size(*worst));
        let (mut low, mut high, mut broken) = (f64::INFINITY, 0f64, false);
        for levels in worst.map(|worst| worst / LEVEL) {
            if levels.is_infinite() {
                broken = true;
            } else if levels > 0.0 {
                (low, high) = (low.min(levels), high.max(levels));
            }
        }
        let (low, high) = if high > 0.0 { (low.log10().floor(), high.log10().ceil()) } else { (-1.0, 0.0) };
        Self { low: low as i32, high: (high as i32).max(low as i32 + 1), broken }
    }

    /// The place of a difference in a strip from `top` to `bottom`.
    pub fn y(&self, worst: Option<f64>, (top, bottom): (f64, f64)) -> f64 {
        let levels = size(worst) / LEVEL;
        if levels.is_infinite() {
            return top + BAND / 2.0;
        }
        let (top, bottom) = (top + if self.broken { BAND } else { 0.0 } + 8.0, bottom - BAND - 8.0);
        let share = (levels.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        bottom - share.clamp(0.0, 1.0) * (bottom - top)
    }

    /// At most four powers of ten, with one level among them if it is in the range.
    pub fn ticks(&self) -> impl Iterator<Item = i32> {
        let step = ((self.high - self.low + 2) / 3).max(1);
        (self.low..=self.high).filter(move |power| power.rem_euclid(step) == 0)
    }
}
