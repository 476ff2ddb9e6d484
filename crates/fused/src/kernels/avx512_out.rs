//! What AVX-512 kernels do with the sums of an output row.

use std::arch::x86_64::*;

use super::interface::{Runs, Sum};
use crate::normalize::{Arithmetic, CYCLE};

/// Writes 48 finished samples.
pub(super) trait Out {
    type Sample;

    /// # Safety
    /// The machine has AVX-512 F, BW, DQ and VL; `to` may be written, and is aligned where streaming.
    unsafe fn store(&self, samples: [__m512i; 3], to: *mut Self::Sample, streaming: bool);
}

/// Normalised samples.
pub(super) struct Floats<'a>(pub &'a Arithmetic);

impl Out for Floats<'_> {
    type Sample = f32;

    #[inline(always)]
    unsafe fn store(&self, samples: [__m512i; 3], to: *mut f32, streaming: bool) {
        let Arithmetic { offset, high, low } = self.0;
        for (i, sample) in samples.into_iter().enumerate() {
            // SAFETY: the caller's; the constants are 48 aligned numbers.
            unsafe {
                let y =
                    _mm512_sub_ps(_mm512_cvtepi32_ps(sample), _mm512_load_ps(offset.as_ptr().add(16 * i)));
                let rest = _mm512_mul_ps(y, _mm512_load_ps(low.as_ptr().add(16 * i)));
                let value = _mm512_fmadd_ps(y, _mm512_load_ps(high.as_ptr().add(16 * i)), rest);
                if streaming {
                    _mm512_stream_ps(to.add(16 * i), value);
                } else {
                    _mm512_storeu_ps(to.add(16 * i), value);
                }
            }
        }
    }
}

/// Samples as they are.
pub(super) struct Bytes;

impl Out for Bytes {
    type Sample = u8;

    #[inline(always)]
    unsafe fn store(&self, samples: [__m512i; 3], to: *mut u8, _: bool) {
        for (i, sample) in samples.into_iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { _mm_storeu_si128(to.add(16 * i).cast(), _mm512_cvtepi32_epi8(sample)) };
        }
    }
}

/// Writes every unit of every run, given the sums of each.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ and VL; every run may be written.
#[inline(always)]
pub(super) unsafe fn each_unit<O: Out>(
    sum: &Sum,
    out: &O,
    runs: &Runs<O::Sample>,
    sums: impl Fn(usize) -> [__m512i; 3],
) {
    let mut column = 0;
    for run in 0..runs.runs {
        for unit in 0..runs.units {
            // SAFETY: the caller's.
            unsafe {
                let precision = _mm_cvtsi32_si128(sum.precision as i32);
                let mut samples = sums(column);
                for sample in &mut samples {
                    *sample = _mm512_sra_epi32(*sample, precision);
                }
                if sum.clamps {
                    for sample in &mut samples {
                        let positive = _mm512_max_epi32(*sample, _mm512_setzero_si512());
                        *sample = _mm512_min_epi32(positive, _mm512_set1_epi32(255));
                    }
                }
                out.store(samples, runs.to.add(run * runs.jump + unit * CYCLE), runs.streaming);
            }
            column += CYCLE;
        }
    }
}
