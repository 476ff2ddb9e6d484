//! Where a finished row goes: into the rows of the patches that it crosses.

use crate::{
    Normalization,
    kernels::{Kernel, Runs, Sum},
    normalize::CYCLE,
    scratch::{Line, reserve},
};

/// One output row of pixels in the patches: `runs` runs of `length` samples, `jump` samples from the start of
/// one to the start of the next, inside the output.
pub(crate) struct Place<T> {
    pub to: *mut T,
    pub length: usize,
    pub runs: usize,
    pub jump: usize,
    /// Whether to bypass the caches where alignment allows.
    pub streaming: bool,
}

/// What samples become.
pub(crate) trait Sink: Sync {
    /// A sample of the output; its default is what padding holds.
    type Sample: Copy + Default + Send;

    /// Sums a row and puts it into its place.
    ///
    /// # Safety
    /// The machine has `K`'s level; the sum's groups are whole units beyond `runs * length` dwords; the place
    /// may be written.
    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<Self::Sample>, row: &mut Vec<Line>);
}

/// Normalised f32.
pub(crate) struct Floats<'a>(pub &'a Normalization);

impl Sink for Floats<'_> {
    type Sample = f32;

    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<f32>, row: &mut Vec<Line>) {
        let samples = place.runs * place.length;
        let Some(arithmetic) = self.0.arithmetic().filter(|_| K::ARITHMETIC) else {
            // SAFETY: the caller's; the row holds all runs, and a run is whole pixels.
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
            // SAFETY: the caller's.
            unsafe { K::floats(sum, arithmetic, &runs) };
            return;
        }
        let units = samples.div_ceil(CYCLE);
        let to = reserve(row, units * CYCLE).cast::<f32>();
        // SAFETY: the row holds whole units; the place is the caller's.
        unsafe {
            K::floats(sum, arithmetic, &Runs { to, units, runs: 1, jump: 0, streaming: false });
            scatter(to, place);
        }
    }
}

/// Bytes as they are.
pub(crate) struct Bytes;

impl Sink for Bytes {
    type Sample = u8;

    unsafe fn row<K: Kernel>(&self, sum: &Sum, place: &Place<u8>, row: &mut Vec<Line>) {
        // SAFETY: the caller's.
        unsafe { scatter(whole_row::<K>(sum, place.runs * place.length, row), place) };
    }
}

/// Sums a row of bytes into `row`.
///
/// # Safety
/// As for [`Sink::row`].
unsafe fn whole_row<K: Kernel>(sum: &Sum, samples: usize, row: &mut Vec<Line>) -> *const u8 {
    let units = samples.div_ceil(CYCLE);
    let to = reserve(row, (units * CYCLE).div_ceil(4)).cast::<u8>();
    // SAFETY: the caller's; the row holds whole units.
    unsafe { K::bytes(sum, &Runs { to, units, runs: 1, jump: 0, streaming: false }) };
    to
}

/// Copies a contiguous row to its runs.
///
/// # Safety
/// `row` holds all runs; the place may be written and does not overlap it.
unsafe fn scatter<T: Copy>(row: *const T, place: &Place<T>) {
    for run in 0..place.runs {
        // SAFETY: the caller's.
        unsafe {
            row.add(run * place.length).copy_to_nonoverlapping(place.to.add(run * place.jump), place.length);
        }
    }
}
