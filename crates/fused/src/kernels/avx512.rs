//! AVX-512 without byte permutations and byte dot products. The horizontal pass is that of AVX2, because byte
//! shuffles have the same reach; the vertical pass is twice as wide.

use std::arch::x86_64::*;

use super::{
    avx2::Avx2,
    avx512_out::{Bytes, Floats, Out, each_unit},
    interface::{Kernel, Rows, Runs, Sum, Term},
};
use crate::normalize::Arithmetic;

/// The level of AVX-512 F, BW, DQ and VL.
pub(crate) struct Avx512;

/// Dwords per vector.
const LANES: usize = 16;

impl Kernel for Avx512 {
    const GROUP: usize = Avx2::GROUP;

    unsafe fn horizontal(rows: &Rows) {
        // SAFETY: guaranteed by the caller; a machine with AVX-512 has AVX2.
        unsafe { Avx2::horizontal(rows) }
    }

    unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>) {
        // SAFETY: guaranteed by the caller.
        unsafe { vertical(sum, &Floats(arithmetic), runs) }
    }

    unsafe fn bytes(sum: &Sum, runs: &Runs<u8>) {
        // SAFETY: guaranteed by the caller.
        unsafe { vertical(sum, &Bytes, runs) }
    }
}

/// Sums and writes an output row.
///
/// # Safety
/// The same as for [`Kernel::floats`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn vertical<O: Out>(sum: &Sum, out: &O, runs: &Runs<O::Sample>) {
    // SAFETY: guaranteed by the caller.
    unsafe { each_unit(sum, out, runs, |column| dot(sum, column)) }
}

/// The sums of 48 samples.
///
/// # Safety
/// Every term's group holds 48 dwords from `column` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn dot(sum: &Sum, column: usize) -> [__m512i; 3] {
    let mut sums = [_mm512_set1_epi32(sum.rounding); 3];
    for Term { offset, weights } in sum.terms {
        let weights = _mm512_set1_epi32(weights[0] as i32);
        for (i, sum_of) in sums.iter_mut().enumerate() {
            // SAFETY: guaranteed by the caller.
            let rows = unsafe { _mm512_load_si512(sum.ring.add(offset + column + LANES * i).cast()) };
            *sum_of = _mm512_add_epi32(*sum_of, _mm512_madd_epi16(rows, weights));
        }
    }
    sums
}
