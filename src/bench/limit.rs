//! The machine's own limit: how fast one thread can read a batch's pixels once and write its outputs once.

use std::{hint::black_box, sync::Arc};

use crate::workload::DecodedImage;

/// A read loop over the images and a fill loop over a buffer as large as `pixel_values`.
///
/// The buffer is kept between rounds, so that the loops cause no page faults. A processor with one thread can beat the limit
/// as far as its outputs stay in cache, and as far as it fetches pixels ahead and writes while it reads.
pub(super) struct MemoryLimit {
    images: Vec<Arc<DecodedImage>>,
    output: Vec<f32>,
}

impl MemoryLimit {
    pub(super) fn new(images: &[Arc<DecodedImage>], outputs: usize) -> Self {
        Self { images: images.to_vec(), output: vec![0.0; outputs] }
    }

    /// Reads and writes once.
    pub(super) fn run(&mut self) {
        for image in &self.images {
            black_box(sum(&image.rgb));
        }
        self.output.fill(black_box(1.0));
        black_box(&mut self.output);
    }
}

/// A sum that needs every byte but costs less than loading it: eight bytes at a time, in four independent chains.
fn sum(bytes: &[u8]) -> u64 {
    let mut sums = [0u64; 4];
    let blocks = bytes.chunks_exact(32);
    let rest = blocks.remainder().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    for block in blocks {
        for (sum, word) in sums.iter_mut().zip(block.chunks_exact(8)) {
            let word: [u8; 8] = word.try_into().expect("a chunk of eight bytes");
            *sum = sum.wrapping_add(u64::from_le_bytes(word));
        }
    }
    sums.iter().fold(rest, |total, sum| total.wrapping_add(*sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_read() {
        let mut bytes = vec![0u8; 77];
        for at in 0..bytes.len() {
            bytes[at] = 1;
            assert_ne!(sum(&bytes), 0, "byte {at}");
            bytes[at] = 0;
        }
    }
}
