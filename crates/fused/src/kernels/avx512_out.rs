//! The end of the vertical pass that the AVX-512 kernels share: from sums to written samples.

use std::arch::x86_64::*;

use super::interface::{Runs, Sum};
use crate::normalize::{Arithmetic, CYCLE};

/// The form in which samples are written.
pub(super) trait Out {
    type Sample;

    /// Writes 48 finished samples.
    ///
    /// # Safety
    /// The machine supports AVX-512 F, BW, DQ and VL; `to` is valid for writes and, if `streaming`, aligned
    /// to 64 bytes.
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
            // SAFETY: guaranteed by the caller; the constants are 48 aligned numbers.
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

/// Bytes, without normalisation.
pub(super) struct Bytes;

impl Out for Bytes {
    type Sample = u8;

    #[inline(always)]
    unsafe fn store(&self, samples: [__m512i; 3], to: *mut u8, _: bool) {
        for (i, sample) in samples.into_iter().enumerate() {
            // SAFETY: guaranteed by the caller.
            unsafe { _mm_storeu_si128(to.add(16 * i).cast(), _mm512_cvtepi32_epi8(sample)) };
        }
    }
}

/// Writes every unit of every run. `sums` computes the sums of the unit that starts at a given column.
///
/// # Safety
/// The machine supports AVX-512 F, BW, DQ and VL; every run is valid for writes.
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
            // SAFETY: guaranteed by the caller.
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
