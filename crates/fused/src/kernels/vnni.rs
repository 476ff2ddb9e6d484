//! AVX-512 with VBMI and VNNI: byte permutations gather taps, and byte dot products sum them.

use std::arch::x86_64::*;

use super::{
    avx512_out::{Bytes, Floats},
    interface::{Kernel, Rows, Runs, Sum},
    vnni_sums::vertical,
};
use crate::{
    Layout,
    kind::ROWS,
    normalize::Arithmetic,
    tables::quads::{LANES, QuadStep},
};

/// The level of AVX-512 with VBMI and VNNI.
pub(crate) struct Vnni;

/// Groups that eight rows make.
const GROUPS: usize = ROWS / Vnni::GROUP;

impl Kernel for Vnni {
    const GROUP: usize = 4;

    unsafe fn horizontal(rows: &Rows) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let plain = rows.plan.replicas == 1 && !rows.plan.axis.clamps;
            match (rows.layout == Layout::Planar, plain, rows.plan.steps) {
                (false, true, 1) => pass::<1, true, 1>(rows),
                (false, true, 2) => pass::<1, true, 2>(rows),
                (false, true, _) => pass::<1, true, 0>(rows),
                (false, false, _) => pass::<1, false, 0>(rows),
                (true, true, 1) => pass::<3, true, 1>(rows),
                (true, true, 2) => pass::<3, true, 2>(rows),
                (true, true, _) => pass::<3, true, 0>(rows),
                (true, false, _) => pass::<3, false, 0>(rows),
            }
        }
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

/// The conversion of sums, of 16 samples in eight rows, into two groups.
#[derive(Clone, Copy)]
struct Finish {
    rounding: __m512i,
    /// Bit positions from which bytes are taken.
    control: __m512i,
    /// The shift that precedes the clamp. `None` if sums need no clamp: the byte is then taken from the
    /// shifted position directly.
    clamp: Option<__m128i>,
    replicas: usize,
}

impl Finish {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn new(rows: &Rows) -> Self {
        let axis = &rows.plan.axis;
        let clamp = axis.clamps.then(|| _mm_cvtsi32_si128(axis.precision as i32));
        let position = if axis.clamps { 0 } else { u64::from(axis.precision) };
        // The low four bytes of a quadword come from its low dword, the others from its high dword.
        let control = position * 0x0101_0101_0101_0101 + 0x2020_2020_0000_0000;
        Self {
            rounding: _mm512_set1_epi32(axis.rounding()),
            control: _mm512_set1_epi64(control as i64),
            clamp,
            replicas: rows.plan.replicas,
        }
    }

    /// Adds the lanes that share an output sample, and clamps if sums can leave `0..=255`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn reduce(self, mut sums: [__m512i; ROWS]) -> [__m512i; ROWS] {
        for sum in &mut sums {
            // Every lane has started from the rounding, which must count once.
            if self.replicas > 1 {
                let halves =
                    _mm512_sub_epi32(_mm512_shuffle_i64x2::<0b01_00_11_10>(*sum, *sum), self.rounding);
                *sum = _mm512_add_epi32(*sum, halves);
            }
            if self.replicas > 2 {
                let quarters =
                    _mm512_sub_epi32(_mm512_shuffle_i64x2::<0b10_11_00_01>(*sum, *sum), self.rounding);
                *sum = _mm512_add_epi32(*sum, quarters);
            }
            if let Some(precision) = self.clamp {
                let byte = _mm512_max_epi32(_mm512_sra_epi32(*sum, precision), _mm512_setzero_si512());
                *sum = _mm512_min_epi32(byte, _mm512_set1_epi32(255));
            }
        }
        sums
    }

    /// Packs the bytes of four rows into each dword.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn groups(self, sums: [__m512i; ROWS]) -> [__m512i; GROUPS] {
        std::array::from_fn(|group| {
            let rows = &sums[4 * group..4 * group + 4];
            // Row `k` of the group becomes byte `k` of every dword. The multishift shifts and packs at once.
            let first = _mm512_multishift_epi64_epi8(self.control, rows[0]);
            let second =
                _mm512_mask_multishift_epi64_epi8(first, 0x2222_2222_2222_2222, self.control, rows[1]);
            let third =
                _mm512_mask_multishift_epi64_epi8(second, 0x4444_4444_4444_4444, self.control, rows[2]);
            _mm512_mask_multishift_epi64_epi8(third, 0x8888_8888_8888_8888, self.control, rows[3])
        })
    }
}

/// The index, the high weights and the low weights of a step.
#[inline]
#[target_feature(enable = "avx512f")]
fn vectors(step: &QuadStep) -> [__m512i; 3] {
    // SAFETY: a step consists of three aligned vectors.
    unsafe {
        [
            _mm512_load_si512((&raw const step.index).cast()),
            _mm512_load_si512((&raw const step.high).cast()),
            _mm512_load_si512((&raw const step.low).cast()),
        ]
    }
}

/// The groups of one block of 16 lanes in eight rows. With `PLAIN`, nothing must be reduced or clamped.
/// `STEPS` is the number of steps, or 0 for any number.
///
/// The constants give every use a function of its own with a single caller, which the compiler inlines. A
/// call would pass the vectors through memory.
///
/// # Safety
/// The window at every offset lies inside each row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn block<const PLANES: usize, const PLAIN: bool, const STEPS: usize>(
    rows: &[*const u8; ROWS],
    steps: &[QuadStep],
    offsets: &[u32],
    finish: Finish,
) -> [__m512i; GROUPS] {
    let mut sums = [finish.rounding; ROWS];
    if STEPS == 0 {
        let mut high = [_mm512_setzero_si512(); ROWS];
        for (step, &offset) in steps.iter().zip(offsets) {
            let [index, high_weights, low_weights] = vectors(step);
            for row in 0..ROWS {
                // SAFETY: guaranteed by the caller.
                let window = unsafe { _mm512_loadu_si512(rows[row].add(offset as usize).cast()) };
                let taps = _mm512_permutexvar_epi8(index, window);
                high[row] = _mm512_dpbusd_epi32(high[row], taps, high_weights);
                sums[row] = _mm512_dpbusd_epi32(sums[row], taps, low_weights);
            }
        }
        for row in 0..ROWS {
            sums[row] = _mm512_add_epi32(_mm512_slli_epi32::<8>(high[row]), sums[row]);
        }
    } else {
        debug_assert_eq!((steps.len(), offsets.len()), (STEPS, STEPS));
        let tables: [_; STEPS] = std::array::from_fn(|step| vectors(&steps[step]));
        for row in 0..ROWS {
            let mut taps = [_mm512_setzero_si512(); STEPS];
            // The rounding is a multiple of 256, because the precision is never less than 13.
            let mut sum = _mm512_srli_epi32::<8>(finish.rounding);
            for step in 0..STEPS {
                // SAFETY: guaranteed by the caller.
                let window = unsafe { _mm512_loadu_si512(rows[row].add(offsets[step] as usize).cast()) };
                taps[step] = _mm512_permutexvar_epi8(tables[step][0], window);
                sum = _mm512_dpbusd_epi32(sum, taps[step], tables[step][1]);
            }
            sum = _mm512_slli_epi32::<8>(sum);
            for step in 0..STEPS {
                sum = _mm512_dpbusd_epi32(sum, taps[step], tables[step][2]);
            }
            sums[row] = sum;
        }
    }
    if !PLAIN {
        sums = finish.reduce(sums);
    }
    finish.groups(sums)
}

/// Resizes rows of `PLANES` planes; `PLAIN` and `STEPS` are as for [`block`].
///
/// # Safety
/// The same as for [`Kernel::horizontal`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
unsafe fn pass<const PLANES: usize, const PLAIN: bool, const STEPS: usize>(rows: &Rows) {
    let plan = rows.plan;
    let finish = Finish::new(rows);
    // Sample `i` of 48 is pixel `i / 3` of plane `i % 3`: red and green are permuted from a pair of vectors,
    // and blue is then blended in.
    let index = |first: usize| {
        std::array::from_fn::<i32, LANES, _>(|i| ((first + i) / 3 + (first + i) % 3 * 16) as i32)
    };
    // SAFETY: an array of 16 dwords is a vector's size.
    let index = [0, 16, 32].map(|first| unsafe { _mm512_loadu_si512(index(first).as_ptr().cast()) });
    let blue = [0x4924, 0x2492, 0x9249];
    let mut planes = [rows.rows; PLANES];
    for (plane, rows_of) in planes.iter_mut().enumerate() {
        for row in rows_of {
            *row = row.wrapping_add(plane * rows.plane_stride);
        }
    }
    let blocks = plan.quads.chunks_exact(plan.steps).zip(plan.offsets.chunks_exact(plan.steps));
    for ((steps, offsets), &output) in blocks.zip(&plan.outputs) {
        // Each block prefetches a part of what the next call will read. The number of lines is the same for
        // all blocks, because branches on a varying number would be mispredicted. Blocks of one or two steps
        // advance by one line.
        let lines = if STEPS > 0 { 1 } else { plan.lines };
        let at = rows.ahead + offsets[0] as usize;
        for line in 0..lines {
            for row in planes.as_flattened() {
                // A prefetch never faults, whatever its address.
                _mm_prefetch::<_MM_HINT_T1>(row.wrapping_add(at + 64 * line).cast());
            }
        }
        let mut groups = [[_mm512_setzero_si512(); GROUPS]; PLANES];
        for (groups, rows) in groups.iter_mut().zip(&planes) {
            // SAFETY: the plan's windows lie inside its rows.
            *groups = unsafe { block::<PLANES, PLAIN, STEPS>(rows, steps, offsets, finish) };
        }
        for group in 0..GROUPS {
            let to = rows.groups[group].wrapping_add(output as usize * PLANES);
            // SAFETY: `output` is a sample (or, with planes, a pixel) of the row, and the group has slack for
            // whole blocks.
            unsafe {
                if PLANES == 1 {
                    _mm512_storeu_si512(to.cast(), groups[0][group]);
                    continue;
                }
                for vector in 0..3 {
                    let two =
                        _mm512_permutex2var_epi32(groups[0][group], index[vector], groups[PLANES / 2][group]);
                    let all = _mm512_mask_permutexvar_epi32(
                        two,
                        blue[vector],
                        index[vector],
                        groups[PLANES - 1][group],
                    );
                    _mm512_storeu_si512(to.add(LANES * vector).cast(), all);
                }
            }
        }
    }
}
