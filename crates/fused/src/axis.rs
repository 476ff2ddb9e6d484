//! The integer weights of one axis, equal to those of torch's uint8 antialiased resize.

/// The largest number of f64 weights that are kept while an axis is built.
const MOST_KEPT: usize = 1 << 16;

/// The function that weights the neighbours of an output pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Filter {
    /// A triangle of half-width 1.
    #[default]
    Bilinear,
    /// Keys' cubic with a = -0.5 and half-width 2; its weights may be negative.
    Bicubic,
}

impl Filter {
    /// Half-width in input pixels at scale 1.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// The weight at distance `x`, in torch's order of operations: the last bits depend on it.
    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic => {
                const A: f64 = -0.5;
                if x < 1.0 {
                    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
                } else if x < 2.0 {
                    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
                } else {
                    0.0
                }
            }
        }
    }
}

/// The weights of a resize along one axis. Output pixel `i` is the sum over `t` of `weights(i)[t]` times
/// input pixel `first[i] + t`, plus half of `1 << precision`, shifted right by `precision` and clamped to a
/// byte.
#[derive(Debug)]
pub struct Axis {
    /// Pixels of the input.
    pub(crate) input: usize,
    /// First input pixel of each output pixel; never decreasing.
    pub(crate) first: Vec<u32>,
    /// Number of input pixels that each output pixel depends on; at least 1.
    pub(crate) count: Vec<u32>,
    /// The largest count.
    pub(crate) taps: usize,
    /// `taps` weights per output pixel, zero beyond its count.
    weights: Vec<i16>,
    /// Fraction bits of the weights, at most 22.
    pub(crate) precision: u32,
    /// Whether a sum can leave `0..=255`. If not, kernels omit the clamp.
    pub(crate) clamps: bool,
    /// The largest weight.
    pub(crate) largest: i16,
}

impl Axis {
    /// The axis that resizes `input` pixels to `output` pixels. Both must be at least 1 and at most 2^31,
    /// which [`crate::Size::check`] guarantees for the sides of a size that it accepts.
    pub fn new(input: usize, output: usize, filter: Filter) -> Self {
        debug_assert!(input > 0 && output > 0);
        let window = Window::new(input, output, filter);
        let mut first = Vec::with_capacity(output);
        let mut count = Vec::with_capacity(output);
        let (mut taps, mut largest) = (1, 0.0f64);
        let (mut row, mut kept) = (Vec::new(), Vec::new());
        // The precision depends on the largest weight of all, so every weight is computed before any is
        // rounded. If there are too many to keep in f64 (gigabytes at a hundred million pixels), they are
        // computed twice.
        let keep = output.saturating_mul(window.most) <= MOST_KEPT;
        for i in 0..output {
            let start = window.weights(i, &mut row);
            largest = row.iter().fold(largest, |most, &w| most.max(w));
            taps = taps.max(row.len());
            first.push(start as u32);
            count.push(row.len() as u32);
            if keep {
                kept.extend_from_slice(&row);
            }
        }
        let precision = precision(largest);
        // No filter has normalised weights far above 1.
        debug_assert!(precision >= 13);
        let unit = f64::from(1u32 << precision);
        let mut axis = Self {
            input,
            first,
            count,
            taps,
            weights: vec![0; output * taps],
            precision,
            clamps: false,
            largest: 0,
        };
        let mut rest = kept.as_slice();
        for (i, weights) in axis.weights.chunks_exact_mut(taps).enumerate() {
            let exact = if keep {
                rest.split_off(..axis.count[i] as usize).unwrap_or_default()
            } else {
                window.weights(i, &mut row);
                row.as_slice()
            };
            let mut sum = 0i64;
            for (weight, &exact) in weights.iter_mut().zip(exact) {
                let scaled = exact * unit;
                // Like torch's cast: half away from zero, truncated.
                *weight = if scaled < 0.0 { (scaled - 0.5) as i16 } else { (scaled + 0.5) as i16 };
                axis.largest = axis.largest.max(*weight);
                axis.clamps |= *weight < 0;
                sum += i64::from(*weight);
            }
            axis.clamps |= sum * 255 + (1i64 << precision >> 1) >= 256i64 << precision;
        }
        axis
    }

    /// Pixels of the output.
    pub fn output(&self) -> usize {
        self.first.len()
    }

    /// The first input pixel of output pixel `i`, and the weights of the input pixels from there on. The
    /// first pixel never decreases with `i`; there is at least one weight, and all of them belong to pixels
    /// inside the input.
    pub fn window(&self, i: usize) -> (u32, &[i16]) {
        (self.first[i], &self.weights(i)[..self.count[i] as usize])
    }

    /// Fraction bits of the weights, at most 22.
    pub fn precision(&self) -> u32 {
        self.precision
    }

    /// The `taps` weights of output pixel `i`, zero beyond its count.
    pub(crate) fn weights(&self, i: usize) -> &[i16] {
        &self.weights[i * self.taps..][..self.taps]
    }

    /// The value that sums start from: half a unit, which makes the final shift round.
    pub(crate) fn rounding(&self) -> i32 {
        1 << self.precision >> 1
    }
}

/// The largest precision, up to 22, at which every weight fits into 16 bits.
fn precision(largest: f64) -> u32 {
    (0..22).find(|p| (0.5 + largest * f64::from(1u32 << (p + 1))) as i32 >= 1 << 15).unwrap_or(22)
}

/// The weights in f64.
struct Window {
    /// Pixels of the input.
    input: usize,
    /// Input pixels per output pixel.
    scale: f64,
    /// Filter units per input pixel.
    inverse: f64,
    /// Half-width of the filter in input pixels.
    support: f64,
    /// The most weights that an output pixel can have.
    most: usize,
    filter: Filter,
}

impl Window {
    fn new(input: usize, output: usize, filter: Filter) -> Self {
        let scale = input as f64 / output as f64;
        let support = filter.support() * scale.max(1.0);
        let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
        Self { input, scale, inverse, support, most: 2 * support.ceil() as usize + 1, filter }
    }

    /// Replaces `row` with the weights of output pixel `i` and returns the first input pixel.
    fn weights(&self, i: usize, row: &mut Vec<f64>) -> usize {
        let centre = self.scale * (i as f64 + 0.5);
        let first = (centre - self.support + 0.5).max(0.0) as usize;
        let end = ((centre + self.support + 0.5) as usize).min(self.input);
        // A window is never empty: `centre` lies inside the image and `support` is at least 1.
        let count = end.saturating_sub(first).clamp(1, self.most);
        row.clear();
        let mut total = 0.0;
        row.extend((0..count).map(|j| {
            let weight = self.filter.weight(((j + first) as f64 - centre + 0.5) * self.inverse);
            total += weight;
            weight
        }));
        if total != 0.0 {
            row.iter_mut().for_each(|weight| *weight /= total);
        }
        debug_assert!(first + count <= self.input);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_axis_is_the_identity() {
        for size in [1, 2, 17, 288] {
            let axis = Axis::new(size, size, Filter::Bilinear);
            for i in 0..size {
                for (t, &weight) in axis.weights(i).iter().enumerate() {
                    let own = axis.first[i] as usize + t == i;
                    assert_eq!(i32::from(weight), if own { 1 << axis.precision } else { 0 });
                }
            }
        }
    }

    #[test]
    fn windows_lie_inside_the_input_and_never_go_back() {
        for (input, output) in [(1, 100), (1024, 288), (3, 2), (5000, 16), (16, 1600), (7, 7), (1 << 20, 16)]
        {
            for filter in [Filter::Bilinear, Filter::Bicubic] {
                let axis = Axis::new(input, output, filter);
                assert!(axis.first.is_sorted());
                assert!(axis.first.iter().zip(&axis.count).all(|(f, n)| *n > 0 && (f + n) as usize <= input));
                assert!(axis.precision <= 22);
            }
        }
    }

    #[test]
    fn a_usual_downscale_needs_no_clamp() {
        assert!(!Axis::new(1024, 288, Filter::Bilinear).clamps);
        assert!(Axis::new(1024, 288, Filter::Bicubic).clamps);
    }
}
