//! Tables for byte dot products: four taps of a sample in each dword lane, their 16-bit weights split into a
//! signed high and a signed low byte (`256 * high + low`), which two dot products sum.

use crate::program::LANE_TAPS;

/// Bytes of a window: a vector.
pub(crate) const WINDOW: usize = 64;

/// Dword lanes of a vector.
pub(crate) const LANES: usize = 16;

/// The largest weight that splits into a signed high and a signed low byte.
pub(crate) const LARGEST_WEIGHT: i16 = 127 * 256 + 127;

const BYTES: usize = LANES * LANE_TAPS;

/// One step of a block: for each lane and tap.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct QuadStep {
    /// A byte of the window.
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

/// High and low part of a weight of at most [`LARGEST_WEIGHT`].
fn parts(weight: i16) -> (i8, i8) {
    let low = weight as i8;
    let high = (i32::from(weight) - i32::from(low)) >> 8;
    debug_assert!(i8::try_from(high).is_ok());
    (high as i8, low)
}

/// The high and the low bytes of four rows' weights, first row lowest.
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
