//! The vertical pass of AVX-512 with VNNI: byte dot products over groups of four rows.

use std::arch::x86_64::*;

use super::{
    avx512_out::{Out, each_unit},
    interface::{Runs, Sum},
};
use crate::tables::quads::LANES;

/// Sums and writes an output row.
///
/// # Safety
/// The same as for [`super::Kernel::floats`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) unsafe fn vertical<O: Out>(sum: &Sum, out: &O, runs: &Runs<O::Sample>) {
    // The usual numbers of terms are unrolled. SAFETY: guaranteed by the caller.
    unsafe {
        match sum.terms.len() {
            1 => fixed::<O, 1>(sum, out, runs),
            2 => fixed::<O, 2>(sum, out, runs),
            3 => fixed::<O, 3>(sum, out, runs),
            4 => fixed::<O, 4>(sum, out, runs),
            _ => each_unit(sum, out, runs, |column| {
                let mut dots = Dots::new(sum);
                for term in sum.terms {
                    dots.add(
                        sum.ring.add(term.offset + column),
                        term.weights.map(|w| _mm512_set1_epi32(w as i32)),
                    );
                }
                dots.sums()
            }),
        }
    }
}

/// Like [`vertical`], but for exactly `TERMS` terms, whose weights stay in registers.
///
/// # Safety
/// The same as for [`super::Kernel::floats`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn fixed<O: Out, const TERMS: usize>(sum: &Sum, out: &O, runs: &Runs<O::Sample>) {
    let mut groups = [sum.ring; TERMS];
    let mut weights = [[_mm512_setzero_si512(); 2]; TERMS];
    for (i, term) in sum.terms.iter().enumerate().take(TERMS) {
        groups[i] = sum.ring.wrapping_add(term.offset);
        weights[i] = [_mm512_set1_epi32(term.weights[0] as i32), _mm512_set1_epi32(term.weights[1] as i32)];
    }
    // SAFETY: guaranteed by the caller.
    unsafe {
        each_unit(sum, out, runs, |column| {
            let mut dots = Dots::new(sum);
            for i in 0..TERMS {
                dots.add(groups[i].add(column), weights[i]);
            }
            dots.sums()
        });
    }
}

/// Partial sums of 48 samples: those of the high and of the low bytes of the weights.
struct Dots {
    high: [__m512i; 3],
    low: [__m512i; 3],
}

impl Dots {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn new(sum: &Sum) -> Self {
        Self { high: [_mm512_setzero_si512(); 3], low: [_mm512_set1_epi32(sum.rounding); 3] }
    }

    /// Adds a group of four rows.
    ///
    /// # Safety
    /// `group` points to 48 dwords, aligned to 64 bytes.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    unsafe fn add(&mut self, group: *const u32, [high, low]: [__m512i; 2]) {
        for i in 0..3 {
            // SAFETY: guaranteed by the caller.
            let rows = unsafe { _mm512_load_si512(group.add(LANES * i).cast()) };
            self.high[i] = _mm512_dpbusd_epi32(self.high[i], rows, high);
            self.low[i] = _mm512_dpbusd_epi32(self.low[i], rows, low);
        }
    }

    /// The sums of both parts.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn sums(self) -> [__m512i; 3] {
        let mut sums = self.low;
        for i in 0..3 {
            sums[i] = _mm512_add_epi32(_mm512_slli_epi32::<8>(self.high[i]), self.low[i]);
        }
        sums
    }
}
