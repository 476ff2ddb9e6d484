//! Plain Rust for any processor, with groups of two rows.

use super::interface::{Kernel, Rows, Runs, Sum};
use crate::{
    Layout,
    normalize::{Arithmetic, CYCLE},
    tables::pairs,
};

/// The portable level.
pub(crate) struct Portable;

/// The byte that a sum stands for.
fn finish(sum: i32, precision: u32) -> u32 {
    (sum >> precision).clamp(0, 255) as u32
}

impl Kernel for Portable {
    const GROUP: usize = 2;
    // Without an instruction for it, a fused multiply-add is a function call and far slower than a table.
    const ARITHMETIC: bool = false;

    unsafe fn horizontal(rows: &Rows) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match rows.layout {
                Layout::Rgb => horizontal::<3>(rows),
                Layout::Rgbx => horizontal::<4>(rows),
                Layout::Planar => horizontal::<1>(rows),
            }
        }
    }

    unsafe fn floats(sum: &Sum, arithmetic: &Arithmetic, runs: &Runs<f32>) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            each_unit(sum, runs, |x, i| arithmetic.value(i, x as f32));
        }
    }

    unsafe fn bytes(sum: &Sum, runs: &Runs<u8>) {
        // SAFETY: guaranteed by the caller.
        unsafe { each_unit(sum, runs, |x, _| x as u8) }
    }
}

/// Resizes rows whose pixels lie `PITCH` bytes apart.
///
/// # Safety
/// The same as for [`Kernel::horizontal`].
unsafe fn horizontal<const PITCH: usize>(rows: &Rows) {
    let axis = &rows.plan.axis;
    let length = axis.input * PITCH;
    let group_rows = rows.rows.as_chunks::<{ Portable::GROUP }>().0;
    for (&[even, odd], &out) in group_rows.iter().zip(&rows.groups) {
        // SAFETY: each group has room for the row's samples, three per output pixel.
        let out = unsafe { std::slice::from_raw_parts_mut(out, axis.output() * 3) };
        for plane in 0..rows.layout.planes() {
            // SAFETY: each plane of each row has `length` readable bytes.
            let [even, odd] = [even, odd]
                .map(|row| unsafe { std::slice::from_raw_parts(row.add(plane * rows.plane_stride), length) });
            for (pixel, out) in out.chunks_exact_mut(3).enumerate() {
                let first = axis.first[pixel] as usize * PITCH;
                let weights = &axis.weights(pixel)[..axis.count[pixel] as usize];
                let even = dot::<PITCH>(&even[first..], weights, axis.rounding());
                let odd = dot::<PITCH>(&odd[first..], weights, axis.rounding());
                for (out, (even, odd)) in out[plane..].iter_mut().zip(even.into_iter().zip(odd)) {
                    *out = finish(even, axis.precision) | finish(odd, axis.precision) << 16;
                }
            }
        }
    }
}

/// The weighted sum of pixels, separately for each byte of a pixel.
fn dot<const PITCH: usize>(pixels: &[u8], weights: &[i16], rounding: i32) -> [i32; PITCH] {
    let mut sums = [rounding; PITCH];
    for (pixel, &weight) in pixels.as_chunks::<PITCH>().0.iter().zip(weights) {
        for (sum, &byte) in sums.iter_mut().zip(pixel) {
            *sum = sum.wrapping_add(i32::from(byte) * i32::from(weight));
        }
    }
    sums
}

/// Sums every unit of every run and writes the result of `sample` for each byte and its position in the unit.
///
/// # Safety
/// The same as for [`Kernel::floats`].
unsafe fn each_unit<T>(sum: &Sum, runs: &Runs<T>, sample: impl Fn(u32, usize) -> T) {
    for unit in 0..runs.runs * runs.units {
        let mut sums = [sum.rounding; CYCLE];
        for term in sum.terms {
            let [even, odd] = pairs::unpack(term.weights[0]);
            // SAFETY: the term's group holds the dwords of this unit.
            let group = unsafe { &*sum.ring.add(term.offset + unit * CYCLE).cast::<[u32; CYCLE]>() };
            for (sum, &pair) in sums.iter_mut().zip(group) {
                let [x, y] = [(pair & 0xff) as i32, (pair >> 16) as i32];
                *sum = sum.wrapping_add(x * even).wrapping_add(y * odd);
            }
        }
        let start = unit / runs.units * runs.jump + unit % runs.units * CYCLE;
        for (i, &value) in sums.iter().enumerate() {
            // SAFETY: every run is valid for writes.
            unsafe { runs.to.add(start + i).write(sample(finish(value, sum.precision), i)) };
        }
    }
}
