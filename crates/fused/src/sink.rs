//! The destination of a finished row: the rows of the patches that it crosses.

use crate::{
    Normalization,
    kernels::{Kernel, Runs, Sum},
    normalize::CYCLE,
    scratch::{Line, reserve},
};

/// The place of one pixel row in the patches: `runs` runs of `length` samples, with `jump` samples from the
/// start of one run to the start of the next. All runs lie inside the output.
pub(crate) struct Place<T> {
    pub to: *mut T,
    pub length: usize,
    pub runs: usize,
    pub jump: usize,
    /// Whether to bypass the caches, if the alignment allows it.
    pub streaming: bool,
}

/// The final step of an output row: turns sums into samples and writes them.
pub(crate) trait Sink: Sync {
    /// A sample of the output. Padding holds its default value.
    type Sample: Copy + Default + Send;

    /// Sums a row and writes it to its place.
    ///
    /// # Safety
    /// The machine supports `K`'s level; each of the sum's groups has `runs * length` dwords, rounded up to
    /// whole units; the place is valid for writes.
    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<Self::Sample>, row: &mut Vec<Line>);
}

/// Normalised f32 samples.
pub(crate) struct Floats<'a>(pub &'a Normalization);

impl Sink for Floats<'_> {
    type Sample = f32;

    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<f32>, row: &mut Vec<Line>) {
        let samples = place.runs * place.length;
        let Some(arithmetic) = self.0.arithmetic().filter(|_| K::ARITHMETIC) else {
            // SAFETY: guaranteed by the caller; the row holds all runs, and a run is a whole number of
            // pixels.
            unsafe {
                let bytes = whole_row::<K>(sum, samples, row);
                for run in 0..place.runs {
                    let (from, to) = (bytes.add(run * place.length), place.to.add(run * place.jump));
                    for i in 0..place.length {
                        to.add(i).write(self.0.tables()[i % 3][usize::from(*from.add(i))]);
                    }
                }
            }
            return;
        };
        if place.length.is_multiple_of(CYCLE) {
            let aligned = place.to.addr().is_multiple_of(64) && place.jump.is_multiple_of(16);
            let runs = Runs {
                to: place.to,
                units: place.length / CYCLE,
                runs: place.runs,
                jump: place.jump,
                streaming: place.streaming && aligned,
            };
            // SAFETY: guaranteed by the caller.
            unsafe { K::floats(sum, arithmetic, &runs) };
            return;
        }
        let units = samples.div_ceil(CYCLE);
        let to = reserve(row, units * CYCLE).cast::<f32>();
        // SAFETY: the row holds whole units; the caller guarantees the place.
        unsafe {
            K::floats(sum, arithmetic, &Runs { to, units, runs: 1, jump: 0, streaming: false });
            scatter(to, place);
        }
    }
}

/// Resized bytes, without normalisation.
pub(crate) struct Bytes;

impl Sink for Bytes {
    type Sample = u8;

    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<u8>, row: &mut Vec<Line>) {
        // SAFETY: guaranteed by the caller.
        unsafe { scatter(whole_row::<K>(sum, place.runs * place.length, row), place) };
    }
}

/// Sums a row of bytes into `row` and returns a pointer to the first.
///
/// # Safety
/// The same as for [`Sink::row`].
unsafe fn whole_row<K: Kernel>(sum: &Sum, samples: usize, row: &mut Vec<Line>) -> *const u8 {
    let units = samples.div_ceil(CYCLE);
    let to = reserve(row, (units * CYCLE).div_ceil(4)).cast::<u8>();
    // SAFETY: guaranteed by the caller; the row holds whole units.
    unsafe { K::bytes(sum, &Runs { to, units, runs: 1, jump: 0, streaming: false }) };
    to
}

/// Copies a contiguous row to the runs of its place.
///
/// # Safety
/// `row` holds all runs; the place is valid for writes and does not overlap `row`.
unsafe fn scatter<T: Copy>(row: *const T, place: &Place<T>) {
    for run in 0..place.runs {
        // SAFETY: guaranteed by the caller.
        unsafe {
            row.add(run * place.length).copy_to_nonoverlapping(place.to.add(run * place.jump), place.length);
        }
    }
}
