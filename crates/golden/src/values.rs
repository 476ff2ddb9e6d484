//! The comparison of two tensors' values, image by image and in blocks.

use anyhow::Result;
use patchmark_results::{Difference, Tolerance};
use safetensors::Dtype;
use sha2::{Digest, Sha256};

use crate::{dtype, places::Places, tensor_file::TensorFile};

/// Bytes that are compared at once: a multiple of every dtype's size.
const BLOCK: u64 = 1 << 20;

/// A value that differs: its image, its index in the image's part, and both values in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) image: usize,
    pub(crate) index: u64,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// A number of values, and the first of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) first: Option<Pair>,
}

impl Tally {
    fn add(&mut self, pair: impl FnOnce() -> Pair) {
        self.count += 1;
        self.first.get_or_insert_with(pair);
    }
}

/// What two tensors have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) dtype: Dtype,
    pub(crate) value_bytes: u64,
    pub(crate) images: usize,
    /// Values of each image.
    pub(crate) values: u64,
}

/// What `pixel_values` were found to hold.
#[derive(Debug, Default)]
pub(crate) struct Pixels {
    /// Real patches; values that are not finite are counted apart.
    pub(crate) difference: Difference,
    /// The values of the largest difference.
    pub(crate) worst: Option<Pair>,
    /// Values that are NaN or infinite.
    pub(crate) not_finite: Tally,
    /// Values after the last patch that are not zero.
    pub(crate) padding: Tally,
}

/// Hands every block of two tensors to `compare`: the image, the index of the block's first value in the image's part, and the
/// bytes of both. Returns the digest of each image's part of the first.
pub(crate) fn blocks(
    (one, other): (&mut TensorFile, &mut TensorFile),
    name: &str,
    layout: Layout,
    mut compare: impl FnMut(usize, u64, &[u8], &[u8]),
) -> Result<Vec<String>> {
    let part = layout.values * layout.value_bytes;
    let mut digests = Vec::with_capacity(layout.images);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for image in 0..layout.images {
        let mut hasher = Sha256::new();
        for offset in (0..part).step_by(BLOCK as usize) {
            let length = BLOCK.min(part - offset) as usize;
            ours.resize(length, 0);
            theirs.resize(length, 0);
            let at = part * image as u64 + offset;
            one.read(name, at, &mut ours)?;
            other.read(name, at, &mut theirs)?;
            hasher.update(&ours);
            if ours != theirs {
                compare(image, offset / layout.value_bytes, &ours, &theirs);
            }
        }
        digests.push(format!("{:x}", hasher.finalize()));
    }
    Ok(digests)
}

/// The digest of each image's part of a tensor.
pub(crate) fn digests(file: &mut TensorFile, name: &str, layout: Layout) -> Result<Vec<String>> {
    let part = layout.values * layout.value_bytes;
    let mut block = Vec::new();
    (0..layout.images)
        .map(|image| {
            let mut hasher = Sha256::new();
            for offset in (0..part).step_by(BLOCK as usize) {
                block.resize(BLOCK.min(part - offset) as usize, 0);
                file.read(name, part * image as u64 + offset, &mut block)?;
                hasher.update(&block);
            }
            Ok(format!("{:x}", hasher.finalize()))
        })
        .collect()
}

/// The values of a block that differ: their indices in the image's part, and the bytes of both.
pub(crate) fn differing<'a>(
    layout: Layout,
    first: u64,
    ours: &'a [u8],
    theirs: &'a [u8],
) -> impl Iterator<Item = (u64, &'a [u8], &'a [u8])> {
    let size = layout.value_bytes as usize;
    let pairs = ours.chunks_exact(size).zip(theirs.chunks_exact(size)).enumerate();
    pairs
        .filter(|(_, (ours, theirs))| ours != theirs)
        .map(move |(at, (ours, theirs))| (first + at as u64, ours, theirs))
}

impl Pixels {
    /// Adds a value that differs.
    pub(crate) fn add(
        &mut self,
        places: &Places<'_>,
        layout: Layout,
        tolerance: &Tolerance,
        (image, index): (usize, u64),
        (ours, theirs): (&[u8], &[u8]),
    ) {
        let pair = || Pair {
            image,
            index,
            expected: dtype::shown(layout.dtype, ours),
            found: dtype::shown(layout.dtype, theirs),
        };
        let number = |bytes: &[u8]| match layout.dtype {
            Dtype::F32 => dtype::float(bytes),
            dtype => dtype::integer(dtype, bytes) as f32,
        };
        let (expected, found) = (number(ours), number(theirs));
        let place = places.of_pixel(image, index);
        if !found.is_finite() || !expected.is_finite() {
            self.not_finite.add(pair);
        } else if place.patch as u64 >= places.real(image, u64::MAX)
            // Negative zero, which a product with the mask leaves, is a rounding error, unless equal bits are required.
            && (tolerance.relaxed().is_none() || found != 0.0)
        {
            self.padding.add(pair);
        } else {
            let level = places.parameters.levels()[place.channel];
            let mut worst = false;
            self.difference.observe(expected, found, level, tolerance, || {
                worst = true;
                Some(place)
            });
            if worst {
                self.worst = Some(pair());
            }
        }
    }
}

/// Adds a value that differs in a tensor that must be equal.
pub(crate) fn add_exact(
    tally: &mut Tally,
    layout: Layout,
    image: usize,
    index: u64,
    ours: &[u8],
    theirs: &[u8],
) {
    tally.add(|| Pair {
        image,
        index,
        expected: dtype::shown(layout.dtype, ours),
        found: dtype::shown(layout.dtype, theirs),
    });
}
