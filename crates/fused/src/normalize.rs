//! Normalisation: the value that each byte of each channel becomes.

use std::fmt;

/// The distance, in units of the last place, up to which constants are searched for around an estimate.
const REACH: i32 = 6;

/// Samples per vector of constants: the smallest number that is both a whole number of pixels and a whole
/// number of 16-lane vectors. Kernels write output rows in units of this many samples.
pub(crate) const CYCLE: usize = 48;

/// The f32 that each byte of each channel becomes, as tables and, if possible, as a formula that gives the
/// same bits faster.
pub struct Normalization {
    tables: Box<[[f32; 256]; 3]>,
    arithmetic: Option<Box<Arithmetic>>,
}

/// The formula `y = x - offset; y * high + y * low`, where `y * high` is added to the rounded `y * low` in
/// one rounding. It divides by a number whose reciprocal is `high + low` to 48 bits. The constants repeat
/// red, green, blue.
#[repr(C, align(64))]
pub(crate) struct Arithmetic {
    pub offset: [f32; CYCLE],
    pub high: [f32; CYCLE],
    pub low: [f32; CYCLE],
}

impl Normalization {
    /// From one table per channel: red, green, blue. Vector kernels compute values instead of looking them up
    /// only if that reproduces all 768 entries bit for bit.
    pub fn new(tables: [[f32; 256]; 3]) -> Self {
        let arithmetic = derive(&tables[0])
            .zip(derive(&tables[1]))
            .zip(derive(&tables[2]))
            .map(|((red, green), blue)| Box::new(Arithmetic::new([red, green, blue])));
        Self { tables: Box::new(tables), arithmetic }
    }

    /// `(x - offset) / divisor` for every byte, in f32 with true division. This is what torchvision's fused
    /// rescale and normalisation gives for `offset = mean * 255` and `divisor = std * 255`.
    pub fn affine(offset: [f32; 3], divisor: [f32; 3]) -> Self {
        let table = |c: usize| std::array::from_fn(|x| (x as f32 - offset[c]) / divisor[c]);
        Self::new([table(0), table(1), table(2)])
    }

    /// The value that each byte of each channel becomes.
    pub fn tables(&self) -> &[[f32; 256]; 3] {
        &self.tables
    }

    /// Whether vector kernels compute values instead of looking them up.
    pub fn is_arithmetic(&self) -> bool {
        self.arithmetic.is_some()
    }

    pub(crate) fn arithmetic(&self) -> Option<&Arithmetic> {
        self.arithmetic.as_deref()
    }
}

impl fmt::Debug for Normalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalization").field("arithmetic", &self.is_arithmetic()).finish_non_exhaustive()
    }
}

/// Offset, and the high and low parts of the reciprocal.
type Constants = [f32; 3];

impl Arithmetic {
    fn new(channels: [Constants; 3]) -> Self {
        let cycle = |k: usize| std::array::from_fn(|i| channels[i % 3][k]);
        Self { offset: cycle(0), high: cycle(1), low: cycle(2) }
    }

    /// The value of `x` at position `i` of the cycle.
    pub fn value(&self, i: usize, x: f32) -> f32 {
        value([self.offset[i], self.high[i], self.low[i]], x)
    }
}

/// The formula that kernels compute.
fn value([offset, high, low]: Constants, x: f32) -> f32 {
    let y = x - offset;
    y.mul_add(high, y * low)
}

/// Constants that reproduce every entry of `table`, if there are any close to those that its first and last
/// entry suggest.
fn derive(table: &[f32; 256]) -> Option<Constants> {
    let exact = |constants: &Constants| {
        // From both ends, where wrong constants are noticed first.
        (0..256).map(|i| if i % 2 == 0 { i / 2 } else { 255 - i / 2 }).all(|x| {
            let entry: f32 = table[x];
            entry.to_bits() == value(*constants, x as f32).to_bits()
        })
    };
    let slope = (f64::from(table[255]) - f64::from(table[0])) / 255.0;
    let offset = -f64::from(table[0]) / slope;
    if !(slope.is_normal() && offset.is_finite()) {
        return None;
    }
    let offsets = move || near(offset as f32);
    // Either a division by an f32, or a multiplication by one.
    let divisions = near((1.0 / slope) as f32).map(|divisor| {
        let reciprocal = 1.0 / f64::from(divisor);
        let high = reciprocal as f32;
        [high, (reciprocal - f64::from(high)) as f32]
    });
    let products = near(slope as f32).map(|factor| [factor, 0.0]);
    divisions
        .chain(products)
        .flat_map(|[high, low]| offsets().map(move |offset| [offset, high, low]))
        .find(exact)
}

/// The f32 numbers around `x`, from the nearest to the farthest.
fn near(x: f32) -> impl Iterator<Item = f32> {
    (0..=2 * REACH).map(move |i| {
        let step = if i % 2 == 0 { i / 2 } else { -(i / 2) - 1 };
        if x == 0.0 { x } else { f32::from_bits(x.to_bits().wrapping_add_signed(step)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affine(mean: f32, std: f32) -> Normalization {
        Normalization::affine([mean * 255.0; 3], [std * 255.0; 3])
    }

    #[test]
    fn usual_parameters_are_arithmetic() {
        for (mean, std) in [
            (0.5, 0.5),
            (0.485, 0.229),
            (0.456, 0.224),
            (0.406, 0.225),
            (0.481_454_66, 0.268_629_54),
            (0.0, 1.0),
            (0.3, -0.7),
            (0.1, 1e-3),
        ] {
            assert!(affine(mean, std).is_arithmetic(), "mean {mean}, std {std}");
        }
    }

    #[test]
    fn bytes_and_rescaled_bytes_are_arithmetic() {
        let identity = std::array::from_fn(|x| x as f32);
        let rescaled = std::array::from_fn(|x| x as f32 * (1.0f32 / 255.0));
        assert!(Normalization::new([identity, rescaled, identity]).is_arithmetic());
    }

    #[test]
    fn what_is_no_line_is_looked_up() {
        let square = std::array::from_fn(|x| (x * x) as f32);
        assert!(!Normalization::new([square; 3]).is_arithmetic());
        assert!(!Normalization::new([[1.0; 256]; 3]).is_arithmetic());
        let mut table = *affine(0.5, 0.5).tables();
        table[1][77] = f32::from_bits(table[1][77].to_bits() + 1);
        assert!(!Normalization::new(table).is_arithmetic());
    }
}
