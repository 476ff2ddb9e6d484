//! Tables for byte dot products: each dword lane multiplies four taps of a sample. The 16-bit weights are
//! split into a signed high and a signed low byte (`256 * high + low`), and each has its own dot product.

use crate::program::LANE_TAPS;

/// Bytes per window: one vector.
pub(crate) const WINDOW: usize = 64;

/// Dword lanes per vector.
pub(crate) const LANES: usize = 16;

/// The largest weight that can be split into a signed high and a signed low byte.
pub(crate) const LARGEST_WEIGHT: i16 = 127 * 256 + 127;

const BYTES: usize = LANES * LANE_TAPS;

/// One step of a block. Each field has one byte per lane and tap.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct QuadStep {
    /// The position of the tap in the window.
    pub index: [u8; BYTES],
    /// The weight's high byte.
    pub high: [i8; BYTES],
    /// The weight's low byte.
    pub low: [i8; BYTES],
}

impl QuadStep {
    /// The steps of a program with 16 lanes.
    pub fn table(index: &[u8], weights: &[i16]) -> Vec<Self> {
        let (index, _) = index.as_chunks::<BYTES>();
        let (weights, _) = weights.as_chunks::<BYTES>();
        index
            .iter()
            .zip(weights)
            .map(|(&index, weights)| Self {
                index,
                high: weights.map(|weight| parts(weight).0),
                low: weights.map(|weight| parts(weight).1),
            })
            .collect()
    }
}

/// The high and the low part of a weight, which is at most [`LARGEST_WEIGHT`].
fn parts(weight: i16) -> (i8, i8) {
    let low = weight as i8;
    let high = (i32::from(weight) - i32::from(low)) >> 8;
    debug_assert!(i8::try_from(high).is_ok());
    (high as i8, low)
}

/// The high and the low bytes of the weights of four rows. The first row is in the lowest byte.
pub(crate) fn split(weights: [i16; 4]) -> [u32; 2] {
    let bytes = weights.map(parts);
    [
        u32::from_le_bytes(bytes.map(|(high, _)| high as u8)),
        u32::from_le_bytes(bytes.map(|(_, low)| low as u8)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for weight in i16::MIN..=LARGEST_WEIGHT {
            let (high, low) = parts(weight);
            assert_eq!(256 * i32::from(high) + i32::from(low), i32::from(weight));
        }
    }
}
