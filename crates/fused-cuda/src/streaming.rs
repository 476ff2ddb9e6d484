//! Copies to memory that the CPU does not read again.

/// Copies `from` to `to`, and bypasses the caches if the CPU can. An ordinary store first reads the line that it
/// overwrites, and leaves it in a cache, from which the device's copy engine would have to fetch it.
///
/// # Panics
/// If the lengths differ.
pub fn copy_streaming(to: &mut [u8], from: &[u8]) {
    assert_eq!(to.len(), from.len(), "both slices of a copy must have the same length");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        // SAFETY: the CPU has AVX.
        return unsafe { avx::copy(to, from) };
    }
    to.copy_from_slice(from);
}

#[cfg(target_arch = "x86_64")]
mod avx {
    use std::arch::x86_64::{__m256i, _mm_sfence, _mm256_loadu_si256, _mm256_stream_si256};

    /// Bytes per vector.
    const VECTOR: usize = 32;
    /// Bytes per step: two cache lines, which are written completely.
    const STEP: usize = 4 * VECTOR;

    /// Copies `from` to `to`, which have the same length.
    #[target_feature(enable = "avx")]
    pub(super) fn copy(to: &mut [u8], from: &[u8]) {
        let head = to.as_ptr().align_offset(STEP).min(to.len());
        let (to_head, to) = to.split_at_mut(head);
        let (from_head, from) = from.split_at(head);
        to_head.copy_from_slice(from_head);
        let (mut steps, mut sources) = (to.chunks_exact_mut(STEP), from.chunks_exact(STEP));
        for (to, from) in steps.by_ref().zip(sources.by_ref()) {
            let (to, from) = (to.as_mut_ptr().cast::<__m256i>(), from.as_ptr().cast::<__m256i>());
            // SAFETY: both chunks have `STEP` bytes, and `to` begins at a multiple of `STEP`.
            unsafe {
                let vectors: [__m256i; STEP / VECTOR] =
                    std::array::from_fn(|at| _mm256_loadu_si256(from.add(at)));
                for (at, vector) in vectors.into_iter().enumerate() {
                    _mm256_stream_si256(to.add(at), vector);
                }
            }
        }
        steps.into_remainder().copy_from_slice(sources.remainder());
        // Streaming stores are not ordered with other stores. Without this fence, another thread could learn that the
        // copy is done before its last bytes are visible.
        _mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_place_is_copied_and_nothing_beside_it() {
        let from: Vec<u8> = (0..1500u32).map(|at| (at * 7 + 1) as u8).collect();
        for start in 0..130 {
            for length in [0, 1, 31, 32, 127, 128, 129, 256, 300, 1000] {
                let mut to = vec![0xAA; 1500];
                let source = &from[start / 2..][..length];
                copy_streaming(&mut to[start..start + length], source);
                assert_eq!(&to[start..start + length], source, "{length} bytes at {start}");
                assert!(to[..start].iter().chain(&to[start + length..]).all(|&byte| byte == 0xAA));
            }
        }
    }

    #[test]
    #[should_panic(expected = "same length")]
    fn lengths_that_differ_are_refused() {
        copy_streaming(&mut [0; 3], &[0; 4]);
    }
}
