//! The vertical pass of AVX2: 16-bit dot products over groups of two rows.

use std::arch::x86_64::*;

use super::interface::{Runs, Sum, Term};
use crate::normalize::{Arithmetic, CYCLE};

/// Dwords per vector.
const LANES: usize = 8;

/// Vectors per unit.
const VECTORS: usize = CYCLE / LANES;

/// Sums, normalises and writes an output row.
///
/// # Safety
/// The same as for [`super::Kernel::floats`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>) {
    let Arithmetic { offset, high, low } = arithmetic;
    for unit in 0..runs.runs * runs.units {
        // SAFETY: guaranteed by the caller.
        let samples = unsafe { unit_sums(sum, unit * CYCLE) };
        let start = unit / runs.units * runs.jump + unit % runs.units * CYCLE;
        for (i, sample) in samples.into_iter().enumerate() {
            // SAFETY: guaranteed by the caller; the constants are 48 aligned numbers.
            unsafe {
                let y =
                    _mm256_sub_ps(_mm256_cvtepi32_ps(sample), _mm256_load_ps(offset.as_ptr().add(LANES * i)));
                let rest = _mm256_mul_ps(y, _mm256_load_ps(low.as_ptr().add(LANES * i)));
                let value = _mm256_fmadd_ps(y, _mm256_load_ps(high.as_ptr().add(LANES * i)), rest);
                let to = runs.to.add(start + LANES * i);
                if runs.streaming { _mm256_stream_ps(to, value) } else { _mm256_storeu_ps(to, value) }
            }
        }
    }
}

/// Sums and writes an output row of bytes.
///
/// # Safety
/// The same as for [`super::Kernel::bytes`].
#[target_feature(enable = "avx2")]
pub(super) unsafe fn bytes(sum: &Sum, runs: &Runs<u8>) {
    for unit in 0..runs.runs * runs.units {
        // SAFETY: guaranteed by the caller.
        let samples = unsafe { unit_sums(sum, unit * CYCLE) };
        let start = unit / runs.units * runs.jump + unit % runs.units * CYCLE;
        for (i, two) in samples.as_chunks::<2>().0.iter().enumerate() {
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(two[0], two[1]));
            let halves = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            // SAFETY: guaranteed by the caller.
            unsafe {
                _mm_storeu_si128(runs.to.add(start + 16 * i).cast(), _mm_packus_epi16(halves.0, halves.1));
            }
        }
    }
}

/// The finished sums of 48 samples.
///
/// # Safety
/// Every term's group holds 48 dwords from `column` on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn unit_sums(sum: &Sum, column: usize) -> [__m256i; VECTORS] {
    let mut sums = [_mm256_set1_epi32(sum.rounding); VECTORS];
    for Term { offset, weights } in sum.terms {
        let weights = _mm256_set1_epi32(weights[0] as i32);
        for (i, sum_of) in sums.iter_mut().enumerate() {
            // SAFETY: guaranteed by the caller.
            let rows = unsafe { _mm256_load_si256(sum.ring.add(offset + column + LANES * i).cast()) };
            *sum_of = _mm256_add_epi32(*sum_of, _mm256_madd_epi16(rows, weights));
        }
    }
    let precision = _mm_cvtsi32_si128(sum.precision as i32);
    for sum_of in &mut sums {
        *sum_of = _mm256_sra_epi32(*sum_of, precision);
        if sum.clamps {
            *sum_of = clamp(*sum_of);
        }
    }
    sums
}

/// Clamps every lane to `0..=255`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn clamp(sum: __m256i) -> __m256i {
    _mm256_min_epi32(_mm256_max_epi32(sum, _mm256_setzero_si256()), _mm256_set1_epi32(255))
}
