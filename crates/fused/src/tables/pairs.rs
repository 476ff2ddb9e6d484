//! Tables for 16-bit dot products: each dword lane multiplies two taps of a sample at a time, as 16-bit
//! numbers.

use crate::program::{LANE_TAPS, NO_TAP};

/// Bytes per window: the reach of a byte shuffle.
pub(crate) const WINDOW: usize = 16;

/// Dword lanes per block: half a vector, which holds two blocks.
pub(crate) const LANES: usize = 4;

const TAPS: usize = LANES * LANE_TAPS;

/// One step of a pair of blocks.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(crate) struct PairStep {
    /// Shuffle indices for taps 0 and 1 of each lane, then for taps 2 and 3. Each selects a byte of the
    /// window and extends it with zeros to 16 bits.
    pub index: [[u8; 32]; 2],
    /// The weights of the same taps.
    pub weights: [[i16; 16]; 2],
}

impl PairStep {
    /// The steps of a program with 4 lanes, for two blocks each, and the offsets of their two windows. If the
    /// number of blocks is odd, the last one is paired with itself.
    pub fn table(index: &[u8], weights: &[i16], offsets: &[u32], steps: usize) -> (Vec<Self>, Vec<u32>) {
        let blocks = offsets.len() / steps;
        let pairs = blocks.div_ceil(2);
        let mut table = Vec::with_capacity(pairs * steps);
        let mut windows = Vec::with_capacity(2 * pairs * steps);
        for pair in 0..pairs {
            for step in 0..steps {
                let mut entry = Self { index: [[NO_TAP; 32]; 2], weights: [[0; 16]; 2] };
                for half in 0..2 {
                    let slot = (2 * pair + half).min(blocks - 1) * steps + step;
                    windows.push(offsets[slot]);
                    entry.set(half, &index[slot * TAPS..][..TAPS], &weights[slot * TAPS..][..TAPS]);
                }
                table.push(entry);
            }
        }
        (table, windows)
    }

    fn set(&mut self, half: usize, index: &[u8], weights: &[i16]) {
        for tap in 0..TAPS {
            // Tap `t` of lane `l` goes to word `2 l + t % 2` of vector `t / 2`.
            let (lane, t) = (tap / LANE_TAPS, tap % LANE_TAPS);
            let word = 8 * half + 2 * lane + t % 2;
            self.index[t / 2][2 * word] = index[tap];
            self.weights[t / 2][word] = weights[tap];
        }
    }
}

/// The weights of two rows in one dword, the first in the low half.
pub(crate) fn pack(first: i16, second: i16) -> u32 {
    u32::from(first as u16) | u32::from(second as u16) << 16
}

/// The two weights of a dword made by [`pack`].
pub(crate) fn unpack(pair: u32) -> [i32; 2] {
    [i32::from(pair as i16), i32::from((pair >> 16) as i16)]
}
