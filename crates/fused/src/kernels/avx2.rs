//! AVX2 with FMA: byte shuffles gather taps as 16-bit numbers, and 16-bit dot products sum them.

use std::arch::x86_64::*;

use super::{
    avx2_sums::{bytes, clamp, floats},
    interface::{Kernel, Rows, Runs, Sum},
};
use crate::{Layout, kind::ROWS, normalize::Arithmetic, tables::pairs::PairStep};

/// The AVX2 level.
pub(crate) struct Avx2;

/// Groups that eight rows make.
const GROUPS: usize = ROWS / Avx2::GROUP;

impl Kernel for Avx2 {
    const GROUP: usize = 2;

    unsafe fn horizontal(rows: &Rows) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let axis = &rows.plan.axis;
            let plain = rows.plan.replicas == 1 && !axis.clamps && axis.precision <= 16;
            match (rows.layout == Layout::Planar, rows.plan.steps) {
                (false, 1) if plain => pass::<1, 1>(rows),
                (false, 2) if plain => pass::<1, 2>(rows),
                (false, _) => pass::<1, 0>(rows),
                (true, 1) if plain => pass::<3, 1>(rows),
                (true, 2) if plain => pass::<3, 2>(rows),
                (true, _) => pass::<3, 0>(rows),
            }
        }
    }

    unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>) {
        // SAFETY: guaranteed by the caller.
        unsafe { floats(sum, arithmetic, runs) }
    }

    unsafe fn bytes(sum: &Sum, runs: &Runs<u8>) {
        // SAFETY: guaranteed by the caller.
        unsafe { bytes(sum, runs) }
    }
}

/// The conversion of sums, of two blocks in a row, into samples.
#[derive(Clone, Copy)]
struct Finish {
    rounding: __m256i,
    precision: __m128i,
    /// Bits that a sum is shifted left by, which moves its byte to the upper half. Meaningful only if
    /// `precision` is at most 16.
    up: __m128i,
    clamps: bool,
    replicas: usize,
}

impl Finish {
    #[target_feature(enable = "avx2")]
    fn new(rows: &Rows) -> Self {
        let axis = &rows.plan.axis;
        Self {
            rounding: _mm256_set1_epi32(axis.rounding()),
            precision: _mm_cvtsi32_si128(axis.precision as i32),
            up: _mm_cvtsi32_si128(16 - axis.precision as i32),
            clamps: axis.clamps,
            replicas: rows.plan.replicas,
        }
    }

    /// Adds the lanes that share an output sample, shifts and clamps.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sample(self, mut sum: __m256i) -> __m256i {
        // Every lane has started from the rounding, which must count once.
        if self.replicas > 1 {
            let halves = _mm256_sub_epi32(_mm256_shuffle_epi32::<0b01_00_11_10>(sum), self.rounding);
            sum = _mm256_add_epi32(sum, halves);
        }
        if self.replicas > 2 {
            let quarters = _mm256_sub_epi32(_mm256_shuffle_epi32::<0b10_11_00_01>(sum), self.rounding);
            sum = _mm256_add_epi32(sum, quarters);
        }
        sum = _mm256_sra_epi32(sum, self.precision);
        if self.clamps { clamp(sum) } else { sum }
    }
}

/// The indices of a step for taps 0 and 1 and for taps 2 and 3, then the weights of both.
#[inline]
#[target_feature(enable = "avx2")]
fn vectors(step: &PairStep) -> [__m256i; 4] {
    // SAFETY: a step consists of four aligned vectors.
    unsafe {
        [
            _mm256_load_si256(step.index[0].as_ptr().cast()),
            _mm256_load_si256(step.index[1].as_ptr().cast()),
            _mm256_load_si256(step.weights[0].as_ptr().cast()),
            _mm256_load_si256(step.weights[1].as_ptr().cast()),
        ]
    }
}

/// Adds one step to the sums of a row.
///
/// # Safety
/// The windows at both offsets lie inside the row.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add(sum: __m256i, row: *const u8, offsets: [u32; 2], tables: &[__m256i; 4]) -> __m256i {
    // SAFETY: guaranteed by the caller.
    let window = unsafe {
        let [low, high] = [row.add(offsets[0] as usize), row.add(offsets[1] as usize)];
        let low = _mm256_castsi128_si256(_mm_loadu_si128(low.cast()));
        _mm256_inserti128_si256::<1>(low, _mm_loadu_si128(high.cast()))
    };
    let first = _mm256_madd_epi16(_mm256_shuffle_epi8(window, tables[0]), tables[2]);
    let second = _mm256_madd_epi16(_mm256_shuffle_epi8(window, tables[1]), tables[3]);
    _mm256_add_epi32(_mm256_add_epi32(sum, first), second)
}

/// The groups of two blocks of 4 lanes in eight rows. If `STEPS` is not 0, it is the number of steps, nothing
/// must be reduced or clamped, and the tables stay in registers for all rows. If it is 0, there may be any
/// number of steps, and sums are finished in full.
///
/// # Safety
/// The windows at both offsets of every step lie inside each row.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn block<const PLANES: usize, const STEPS: usize>(
    rows: &[*const u8; ROWS],
    steps: &[PairStep],
    offsets: &[[u32; 2]],
    finish: Finish,
) -> [__m256i; GROUPS] {
    let mut groups = [finish.rounding; GROUPS];
    if STEPS == 0 {
        let mut sums = [finish.rounding; ROWS];
        for (step, &offsets) in steps.iter().zip(offsets) {
            let tables = vectors(step);
            for row in 0..ROWS {
                // SAFETY: guaranteed by the caller.
                sums[row] = unsafe { add(sums[row], rows[row], offsets, &tables) };
            }
        }
        for group in 0..GROUPS {
            let [even, odd] = [finish.sample(sums[2 * group]), finish.sample(sums[2 * group + 1])];
            groups[group] = _mm256_or_si256(even, _mm256_slli_epi32::<16>(odd));
        }
        return groups;
    }
    debug_assert_eq!((steps.len(), offsets.len()), (STEPS, STEPS));
    let mut tables = [[finish.rounding; 4]; STEPS];
    for step in 0..STEPS {
        tables[step] = vectors(&steps[step]);
    }
    for group in 0..GROUPS {
        let [mut even, mut odd] = [finish.rounding; 2];
        for step in 0..STEPS {
            // SAFETY: guaranteed by the caller.
            unsafe {
                even = add(even, rows[2 * group], offsets[step], &tables[step]);
                odd = add(odd, rows[2 * group + 1], offsets[step], &tables[step]);
            }
        }
        let (even, odd) = (_mm256_srl_epi32(even, finish.precision), _mm256_sll_epi32(odd, finish.up));
        groups[group] = _mm256_blend_epi16::<0b1010_1010>(even, odd);
    }
    groups
}

/// Resizes rows of `PLANES` planes; `STEPS` is as for [`block`].
///
/// # Safety
/// The same as for [`Kernel::horizontal`].
#[target_feature(enable = "avx2")]
unsafe fn pass<const PLANES: usize, const STEPS: usize>(rows: &Rows) {
    let plan = rows.plan;
    let finish = Finish::new(rows);
    let mut planes = [rows.rows; PLANES];
    for (plane, rows_of) in planes.iter_mut().enumerate() {
        for row in rows_of {
            *row = row.wrapping_add(plane * rows.plane_stride);
        }
    }
    let (offsets, _) = plan.offsets.as_chunks::<2>();
    let (outputs, _) = plan.outputs.as_chunks::<2>();
    let blocks = plan.pairs.chunks_exact(plan.steps).zip(offsets.chunks_exact(plan.steps));
    for ((steps, offsets), &[first, second]) in blocks.zip(outputs) {
        // Each block prefetches a part of what the next call will read.
        let lines = if STEPS > 0 { 1 } else { plan.lines };
        let at = rows.ahead + offsets[0][0] as usize;
        for line in 0..lines {
            for row in planes.as_flattened() {
                // A prefetch never faults, whatever its address.
                _mm_prefetch::<_MM_HINT_T1>(row.wrapping_add(at + 64 * line).cast());
            }
        }
        let mut groups = [[_mm256_setzero_si256(); GROUPS]; PLANES];
        for (groups, rows) in groups.iter_mut().zip(&planes) {
            // SAFETY: the plan's windows lie inside its rows.
            *groups = unsafe { block::<PLANES, STEPS>(rows, steps, offsets, finish) };
        }
        for group in 0..GROUPS {
            let to = [first, second].map(|output| rows.groups[group].wrapping_add(output as usize * PLANES));
            // SAFETY: outputs are samples (or, with planes, pixels) of the row, and the group has slack for
            // whole blocks.
            unsafe {
                if PLANES == 1 {
                    store(to, groups[0][group]);
                    continue;
                }
                let vectors =
                    interleave(groups[0][group], groups[PLANES / 2][group], groups[PLANES - 1][group]);
                // The first block is stored before the second, which overwrites its unused lanes.
                for (i, vector) in vectors.iter().enumerate() {
                    _mm_storeu_si128(to[0].add(4 * i).cast(), _mm256_castsi256_si128(*vector));
                }
                for (i, vector) in vectors.iter().enumerate() {
                    _mm_storeu_si128(to[1].add(4 * i).cast(), _mm256_extracti128_si256::<1>(*vector));
                }
            }
        }
    }
}

/// Stores each half of a vector at its own address.
///
/// # Safety
/// Both addresses are valid for writes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn store(to: [*mut u32; 2], halves: __m256i) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        _mm_storeu_si128(to[0].cast(), _mm256_castsi256_si128(halves));
        _mm_storeu_si128(to[1].cast(), _mm256_extracti128_si256::<1>(halves));
    }
}

/// In each half of the vectors, four pixels of three planes as twelve interleaved samples.
#[inline]
#[target_feature(enable = "avx2")]
fn interleave(red: __m256i, green: __m256i, blue: __m256i) -> [__m256i; 3] {
    let red = _mm256_shuffle_epi32::<0b01_10_11_00>(red); // 0 3 2 1
    let green = _mm256_shuffle_epi32::<0b10_11_00_01>(green); // 1 0 3 2
    let blue = _mm256_shuffle_epi32::<0b11_00_01_10>(blue); // 2 1 0 3
    [
        _mm256_blend_epi32::<0b0100_0100>(_mm256_blend_epi32::<0b0010_0010>(red, green), blue),
        _mm256_blend_epi32::<0b0100_0100>(_mm256_blend_epi32::<0b0010_0010>(green, blue), red),
        _mm256_blend_epi32::<0b0100_0100>(_mm256_blend_epi32::<0b0010_0010>(blue, red), green),
    ]
}
