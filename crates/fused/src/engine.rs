//! One image, or a band of it, from pixels to patches.
//!
//! # How
//! Eight source rows at a time are resized to their output width; their groups go to a ring that stays in the
//! near caches; every output row whose groups are complete is summed, normalised and written to its place in
//! the patches. So a source byte is read once and an output sample is written once, past the caches, and
//! nothing else leaves the core.
//!
//! # What made it fast
//! On a Zen 4 server, 1024x768 to 288x224 on one thread:
//! - A ring in the layout that dot products take (four rows in a dword), so that neither pass shuffles for
//!   the other, and the vertical pass ends in the 32-bit integers that the conversion to f32 starts from.
//! - One window load and one permutation for four taps of 16 samples, with each step at its own offset, so
//!   that every lane of a block is in use for RGB up to a scale of 3.6; and bytes taken out of the sums by
//!   one multishift a row, which shifts and packs at once. It does not clamp: the plan proves from the
//!   weights that no sum can leave a byte, or asks for the clamp.
//! - Blocks inlined with the usual number of steps a constant (20%), tables held in registers over eight
//!   rows.
//! - The next eight rows prefetched into the second-level cache, not the first, by a fixed count of lines a
//!   block (10 to 20% against the first level, 5% against an exact but irregular count).
//! - Stores past the caches from 256 KB of output on (25% even for one image, whose 786 KB would otherwise be
//!   fetched before they are overwritten).
//!
//! # What is left
//! One image of 1024x768 takes 0.106 ms where its input is in the third-level cache, 0.115 to 0.12 ms in a
//! batch of 8 and 0.13 ms in a batch of 32, which comes from memory. Reading and writing alone take 0.037,
//! 0.055 and 0.10 to 0.12 ms. So from memory it runs at 70 to 90% of the limit, and from cache at 35 to 50%,
//! where arithmetic binds: of the 0.106 ms, 0.073 are the horizontal pass and 0.033 the vertical one. A block
//! of 16 samples takes 6.1 to 6.7 cycles a row. Its eight vector instructions take 5.1 in isolation, because
//! dot products, permutations and shifts share three of the four pipes; the rest are table loads, prefetches
//! and stores. The vertical pass stands at 10 cycles for 16 samples where its instructions allow 7.
//!
//! # What did not pay
//! - A multiply by 256 instead of the shift between high and low sums, to use the idle pipe: its latency
//!   costs more (6.1 against 5.1 cycles).
//! - Whole 16-bit weights (`vpdpwssd`): as many dot products and twice the permutations, by count.
//! - Two prefetches, far into the second level and near into the first: 10% slower.
//! - The first step's sums kept apart from the second's: no difference.
//! - At AVX2, prefetching only with every second block, and four rows instead of eight: no difference.
//!
//! AVX2 takes 2 to 2.4 times as long as AVX-512 with VNNI. Its instructions allow 14.6 cycles for 16 samples
//! of a row (15.5 instructions for 6 samples, of which shuffles and half-vector inserts share two pipes)
//! against 5.1, and an exact sum in 8-bit products is not possible there: `vpmaddubsw` saturates.
//!
//! RGBX fits 12 of a block's 16 lanes into a window, and rows a multiple of 4096 bytes apart fall on the same
//! lines of the first-level cache; together they make it a third slower than RGB.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::kernels::{Avx2, Avx512, Vnni};
use crate::{
    Error, Normalization, PixelView, Plan, Scratch,
    band::{Band, grid},
    kernels::Portable,
    kind::KernelKind,
    sink::{Bytes, Floats, Sink},
};

/// How the output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// Through the caches: best where the output is small enough to be read from them.
    Cached,
    /// Past the caches, where patches are aligned to 64 bytes: best where the output outgrows them.
    Streaming,
}

/// Resizes `view`, normalises it and writes it as patches.
///
/// `output` is `[patches, patch_size * patch_size * 3]` f32, row-major: patch `(r, c)` is number
/// `r * columns + c`, and holds its pixel rows one after another, channels innermost. What lies beyond the
/// image's patches is filled with zeros. Every sample is written once.
///
/// # Errors
/// [`Error::OtherImage`] where the plan is for another size or layout, [`Error::Patches`] where its output is
/// no whole number of patches, [`Error::OutputTooShort`] where `output` holds fewer patches.
pub fn process_image(
    view: &PixelView,
    plan: &Plan,
    normalization: &Normalization,
    patch_size: usize,
    output: &mut [f32],
    stores: Stores,
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let rows = 0..grid(plan, patch_size)?.0;
    band(view, plan, &Floats(normalization), patch_size, rows, output, stores, scratch)
}

/// As [`process_image`], with bytes as they are, u8, instead of normalised ones.
///
/// # Errors
/// As for [`process_image`].
pub fn process_image_bytes(
    view: &PixelView,
    plan: &Plan,
    patch_size: usize,
    output: &mut [u8],
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let rows = 0..grid(plan, patch_size)?.0;
    band(view, plan, &Bytes, patch_size, rows, output, Stores::Cached, scratch)
}

/// As [`process_image`], for some rows of patches only: `output` starts at the first of them, and what lies
/// beyond the last is filled with zeros. Bands of one image are independent and give the same bits as the
/// whole.
///
/// # Errors
/// As for [`process_image`], and [`Error::PatchRows`] for rows that the image does not have.
#[expect(clippy::too_many_arguments, reason = "an image, how, what part, where to")]
pub fn process_rows(
    view: &PixelView,
    plan: &Plan,
    normalization: &Normalization,
    patch_size: usize,
    patch_rows: Range<usize>,
    output: &mut [f32],
    stores: Stores,
    scratch: &mut Scratch,
) -> Result<(), Error> {
    band(view, plan, &Floats(normalization), patch_size, patch_rows, output, stores, scratch)
}

/// As [`process_rows`], with bytes as they are.
///
/// # Errors
/// As for [`process_rows`].
pub fn process_rows_bytes(
    view: &PixelView,
    plan: &Plan,
    patch_size: usize,
    patch_rows: Range<usize>,
    output: &mut [u8],
    scratch: &mut Scratch,
) -> Result<(), Error> {
    band(view, plan, &Bytes, patch_size, patch_rows, output, Stores::Cached, scratch)
}

/// Runs the horizontal pass alone, over the whole image and into scratch: for benches that ask where time
/// goes.
///
/// # Errors
/// [`Error::OtherImage`] where the plan is for another size or layout.
#[doc(hidden)]
pub fn horizontal_only(view: &PixelView, plan: &Plan, scratch: &mut Scratch) -> Result<(), Error> {
    let band = Band::new(view, plan, 1, 0..0, false)?;
    // SAFETY: a plan exists only for a level that this machine has.
    unsafe {
        match plan.kernel {
            #[cfg(target_arch = "x86_64")]
            KernelKind::Vnni => band.horizontal_only::<Vnni>(scratch),
            #[cfg(target_arch = "x86_64")]
            KernelKind::Avx512 => band.horizontal_only::<Avx512>(scratch),
            #[cfg(target_arch = "x86_64")]
            KernelKind::Avx2 => band.horizontal_only::<Avx2>(scratch),
            _ => band.horizontal_only::<Portable>(scratch),
        }
    }
    Ok(())
}

/// Checks everything that the kernels rely on, then runs those of the plan.
#[expect(clippy::too_many_arguments, reason = "an image, how, what part, where to")]
pub(crate) fn band<S: Sink>(
    view: &PixelView,
    plan: &Plan,
    sink: &S,
    patch_size: usize,
    patch_rows: Range<usize>,
    output: &mut [S::Sample],
    stores: Stores,
    scratch: &mut Scratch,
) -> Result<(), Error> {
    let streaming = stores == Stores::Streaming;
    let band = Band::new(view, plan, patch_size, patch_rows, streaming)?;
    let needed = band
        .patch_rows
        .len()
        .checked_mul(band.columns * 3)
        .and_then(|samples| samples.checked_mul(patch_size)?.checked_mul(patch_size))
        .unwrap_or(usize::MAX);
    let length = output.len();
    let Some((image, padding)) = output.split_at_mut_checked(needed) else {
        return Err(Error::OutputTooShort { length, needed });
    };
    // SAFETY: a plan exists only for a level that this machine has, `image` holds the band exactly, and the
    // view has the plan's size and layout.
    unsafe {
        match plan.kernel {
            #[cfg(target_arch = "x86_64")]
            KernelKind::Vnni => band.run::<Vnni, S>(sink, image, scratch),
            #[cfg(target_arch = "x86_64")]
            KernelKind::Avx512 => band.run::<Avx512, S>(sink, image, scratch),
            #[cfg(target_arch = "x86_64")]
            KernelKind::Avx2 => band.run::<Avx2, S>(sink, image, scratch),
            _ => band.run::<Portable, S>(sink, image, scratch),
        }
    }
    padding.fill(S::Sample::default());
    Ok(())
}
