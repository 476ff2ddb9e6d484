//! One image, or a band of its patch rows, from pixels to patches.
//!
//! The horizontal pass resizes eight source rows at a time to the width of the output. Their samples go to a
//! ring buffer that is small enough to stay in the first two cache levels. As soon as the ring holds every
//! row that an output row depends on, the vertical pass sums that row, normalises it and writes it to its
//! place in the patches. Each source byte is therefore read once, each output sample is written once, and
//! everything in between stays in the core's own caches.
//!
//! The ring stores groups of rows: one dword holds the same sample of four rows as bytes, or of two rows as
//! 16-bit numbers. A dot product takes exactly this operand, so neither pass shuffles data for the other, and
//! the vertical pass ends in the 32-bit integers from which the conversion to f32 starts.
//!
//! Sums are exact, so their order does not matter, and each pass rounds as torch does. The plan derives from
//! the weights whether a sum can leave `0..=255`; kernels clamp only if one can. While eight rows are
//! resized, the next eight are prefetched into the second-level cache, a fixed number of lines per block.
//! Large outputs bypass the caches: an ordinary store would first fetch the line that it is about to
//! overwrite.
//!
//! `docs/kernels.md` has the measurements.

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
    /// Through the caches: best if the output is small enough to be read back from them.
    Cached,
    /// Past the caches, wherever patches are aligned to 64 bytes: best if the output is larger than the
    /// caches.
    Streaming,
}

/// Resizes `view`, normalises it and writes it as patches.
///
/// `output` is `[patches, patch_size * patch_size * 3]` f32, row-major: patch `(r, c)` has the index
/// `r * columns + c`, and holds its pixel rows one after another, channels innermost. The rest of `output`,
/// after the image's patches, is filled with zeros. Every sample is written once.
///
/// # Errors
/// [`Error::OtherImage`] if the plan is for another size or layout, [`Error::Patches`] if the planned output
/// is not a whole number of patches, [`Error::OutputTooShort`] if `output` cannot hold the image's patches.
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

/// Like [`process_image`], but writes the resized bytes themselves, without normalisation.
///
/// # Errors
/// The same as for [`process_image`].
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

/// Runs only the horizontal pass, over the whole image and into scratch memory: for benchmarks that time the
/// passes separately.
///
/// # Errors
/// [`Error::OtherImage`] if the plan is for another size or layout.
#[doc(hidden)]
pub fn horizontal_only(view: &PixelView, plan: &Plan, scratch: &mut Scratch) -> Result<(), Error> {
    let band = Band::new(view, plan, 1, 0..0, false)?;
    // SAFETY: a plan exists only for a level that this machine supports.
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

/// Writes a range of patch rows: `output` starts at the first of them, and what is left of it after the last one is
/// filled with zeros. Bands of one image are independent of each other and give the same bits as the whole image.
///
/// Everything that the kernels rely on is checked here.
#[expect(clippy::too_many_arguments, reason = "an image, how to process it, which part, and where to")]
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
    // SAFETY: a plan exists only for a level that this machine supports, `image` holds exactly the band, and
    // the view has the plan's size and layout.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Filter, Layout, Level, Size};

    const PATCH: usize = 8;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_band_has_the_bits_of_the_whole_image(
            (height, width) in (1usize..300, 1usize..300),
            (rows, columns) in (1usize..9, 1usize..9),
            first in any::<prop::sample::Index>(),
            bicubic in any::<bool>(),
            streaming in any::<bool>(),
        ) {
            let pixels: Vec<u8> = (0..height * width * 3).map(|i| (i * i % 251) as u8).collect();
            let view = PixelView::new(&pixels, Layout::Rgb, height, width).unwrap();
            let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
            let target = Size { height: rows * PATCH, width: columns * PATCH };
            let floats = Normalization::affine([127.5; 3], [127.5; 3]);
            let stores = if streaming { Stores::Streaming } else { Stores::Cached };
            let first = first.index(rows);
            let start = first * columns * PATCH * PATCH * 3;
            let mut scratch = Scratch::new();
            for level in Level::ALL.into_iter().filter(|level| level.available()) {
                let plan = Plan::new(view.size(), target, Layout::Rgb, filter, level).unwrap();
                let mut whole = vec![f32::NAN; target.height * target.width * 3];
                process_image(&view, &plan, &floats, PATCH, &mut whole, stores, &mut scratch).unwrap();
                let mut part = vec![f32::NAN; whole.len() - start + 5];
                let sink = Floats(&floats);
                band(&view, &plan, &sink, PATCH, first..rows, &mut part, stores, &mut scratch).unwrap();
                let (image, padding) = part.split_at(whole.len() - start);
                prop_assert!(
                    image.iter().zip(&whole[start..]).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{} from row {}", level, first
                );
                prop_assert_eq!(padding, [0.0; 5]);
            }
        }
    }

    #[test]
    fn rows_that_the_image_does_not_have_are_refused() {
        let view = PixelView::new(&[0; 16 * 16 * 3], Layout::Rgb, 16, 16).unwrap();
        let size = Size { height: 16, width: 16 };
        let plan = Plan::new(size, size, Layout::Rgb, Filter::Bilinear, Level::Portable).unwrap();
        let mut output = [0; 16 * 16 * 3];
        #[expect(clippy::reversed_empty_ranges, reason = "one of the ranges to refuse")]
        for rows in [1..3, 2..1] {
            let refused =
                band(&view, &plan, &Bytes, 8, rows, &mut output, Stores::Cached, &mut Scratch::new());
            assert!(matches!(refused, Err(Error::PatchRows { rows: 2, .. })), "{refused:?}");
        }
    }
}
