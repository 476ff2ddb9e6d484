//! A named set of decoded photographs and the batches drawn from it.

use std::sync::Arc;

use anyhow::Result;
use image::{
    RgbImage,
    imageops::{self, FilterType},
};
use patchmark_results::{InputError, SkippedFile, input_error};

use super::{DecodedImage, EncodedImage, ImageSource, Size, Sizes};

/// The most bytes of decoded photographs that are held at once: 8 GiB.
const MAX_HELD_BYTES: usize = 8 << 30;

/// Photographs of one size, or of mixed sizes, ready to be batched.
#[derive(Debug, Clone)]
pub struct Workload {
    /// A short name for tables and files: `mixed` or `1024x768`.
    pub name: String,
    /// A description of the photographs for people.
    pub description: String,
    /// The decoded photographs in the sizes that are processed, in the order of the source; at least one.
    pub images: Vec<Arc<DecodedImage>>,
    /// The stored photograph behind each of `images`, always at its original size.
    pub encoded: Vec<EncodedImage>,
    /// Files that could not be decoded and were left out.
    pub skipped: Vec<SkippedFile>,
}

impl Workload {
    /// Decodes every photograph of `source` once and builds one workload per size, in the order given.
    pub fn load_all(source: &ImageSource, sizes: &Sizes) -> Result<Vec<Self>> {
        let mut held = 0;
        let (mut encoded, mut originals, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for photograph in source.encoded()? {
            match photograph.decode() {
                Ok(image) => {
                    hold(&mut held, image.rgb.len())?;
                    encoded.push(photograph);
                    originals.push(Arc::new(image));
                }
                Err(error) if source.skips_bad_files() && error.is::<InputError>() => {
                    let file = photograph.name().to_owned();
                    skipped.push(SkippedFile { file, reason: error.to_string() });
                }
                Err(error) => return Err(error),
            }
        }
        if originals.is_empty() {
            let first = skipped.first().map_or("there is none", |file| &file.reason);
            return Err(input_error!("no image could be decoded: {first}"));
        }
        let workload = |size| match size {
            Size::Mixed => Ok(Self::mixed(originals.clone(), encoded.clone())),
            Size::Equal { width, height } => {
                // A side is at most 8192, so this cannot overflow.
                hold(&mut held, originals.len().saturating_mul(width * height * 3))?;
                Self::equal(&originals, encoded.clone(), width, height)
            }
        };
        let with_skipped = |workload: Result<Self>| Ok(Self { skipped: skipped.clone(), ..workload? });
        sizes.iter().map(workload).map(with_skipped).collect()
    }

    /// A batch of `size` images, which cycles through the photographs in the order of the source. Images never share memory, as
    /// in a user's batch: from the second cycle on they are copies, because bytes that were read before would be in a
    /// cache.
    ///
    /// # Errors
    /// An input error if the copies need more memory than images may take.
    pub fn batch(&self, size: usize) -> Result<Vec<Arc<DecodedImage>>> {
        let mut batch = Vec::new();
        self.extend(&mut batch, size)?;
        Ok(batch)
    }

    /// Makes a smaller batch a batch of `size` images; a larger one stays as it is.
    ///
    /// # Errors
    /// As [`Workload::batch`].
    pub(crate) fn extend(&self, batch: &mut Vec<Arc<DecodedImage>>, size: usize) -> Result<()> {
        self.check_batch(size)?;
        let own = self.images.iter().cloned();
        let copies = self.images.iter().cycle().map(|image| Arc::new(DecodedImage::clone(image)));
        batch.extend(own.chain(copies).take(size).skip(batch.len()));
        Ok(())
    }

    /// The bytes of the images that a batch of `size` has beyond its first `from`, of which only copies take memory.
    pub(crate) fn copied_bytes(&self, from: usize, size: usize) -> u64 {
        let images = self.images.iter().cycle().take(size).skip(from.max(self.images.len()));
        images.map(|image| image.rgb.len() as u64).sum()
    }

    /// Checks that a batch of `size` images fits into memory, without making it.
    ///
    /// # Errors
    /// As [`Workload::batch`].
    pub fn check_batch(&self, size: usize) -> Result<()> {
        let mut held = 0;
        self.images.iter().cycle().take(size).try_for_each(|image| hold(&mut held, image.rgb.len()))
    }

    /// The stored photographs of [`Workload::batch`], so that decoding can be timed separately.
    ///
    /// They decode to their original sizes, even if `images` were resampled.
    pub fn batch_encoded(&self, size: usize) -> Vec<&EncodedImage> {
        self.encoded.iter().cycle().take(size).collect()
    }

    fn mixed(images: Vec<Arc<DecodedImage>>, encoded: Vec<EncodedImage>) -> Self {
        let sides = images.iter().flat_map(|image| [image.width, image.height]);
        let (shortest, longest) = (sides.clone().min().unwrap_or(0), sides.max().unwrap_or(0));
        let description = format!("{}, mixed sizes {shortest}–{longest} px", count(images.len()));
        Self { name: "mixed".into(), description, images, encoded, skipped: Vec::new() }
    }

    fn equal(
        originals: &[Arc<DecodedImage>],
        encoded: Vec<EncodedImage>,
        width: usize,
        height: usize,
    ) -> Result<Self> {
        let images: Result<Vec<_>> =
            originals.iter().map(|image| resample(image, width, height).map(Arc::new)).collect();
        let name = format!("{width}x{height}");
        let description = format!("{}, all resampled to {name} px", count(originals.len()));
        Ok(Self { name, description, images: images?, encoded, skipped: Vec::new() })
    }
}

/// Adds to the bytes held, or returns an error if they exceed the limit.
fn hold(held: &mut usize, bytes: usize) -> Result<()> {
    *held = held.saturating_add(bytes);
    if *held > MAX_HELD_BYTES {
        return Err(input_error!(
            "the decoded images need more than {} GiB of memory; use fewer or smaller images, smaller batches or fewer sizes",
            MAX_HELD_BYTES >> 30
        ));
    }
    Ok(())
}

/// "1 photograph", "10 photographs".
fn count(photographs: usize) -> String {
    format!("{photographs} photograph{}", if photographs == 1 { "" } else { "s" })
}

/// The image resampled to another size, without keeping its aspect ratio.
fn resample(image: &DecodedImage, width: usize, height: usize) -> Result<DecodedImage> {
    let failed = || anyhow::anyhow!("cannot resample {} to {width}x{height}", image.name);
    let sides = [image.width, image.height, width, height].map(u32::try_from);
    let [Ok(from_width), Ok(from_height), Ok(to_width), Ok(to_height)] = sides else { return Err(failed()) };
    let pixels = RgbImage::from_raw(from_width, from_height, image.rgb.clone()).ok_or_else(failed)?;
    let resampled = imageops::resize(&pixels, to_width, to_height, FilterType::Triangle);
    DecodedImage::new(image.name.clone(), width, height, resampled.into_raw()).ok_or_else(failed)
}

#[cfg(test)]
mod tests {
    use super::{super::Listing, *};

    /// Photographs a.png (3x2), b.png (5x4) and c.png (9x1), each of one colour.
    fn folder() -> (tempfile::TempDir, ImageSource) {
        let folder = tempfile::tempdir().unwrap();
        for (name, width, height, colour) in [("b", 5, 4, 20), ("c", 9, 1, 30), ("a", 3, 2, 10)] {
            let image = RgbImage::from_pixel(width, height, image::Rgb([colour; 3]));
            image.save(folder.path().join(format!("{name}.png"))).unwrap();
        }
        let source = ImageSource::Files {
            listing: Listing::Folder { folder: folder.path().to_owned(), recursive: false },
            decoder: super::super::FileDecoder::native(),
            skip_bad_files: false,
        };
        (folder, source)
    }

    #[test]
    fn mixed_sizes_make_one_workload_at_the_photographs_own_sizes() {
        let (_folder, source) = folder();
        let workloads = Workload::load_all(&source, &Sizes::mixed()).unwrap();
        assert_eq!(workloads.len(), 1);
        assert_eq!(workloads[0].name, "mixed");
        assert_eq!(workloads[0].description, "3 photographs, mixed sizes 1–9 px");
        let sizes: Vec<_> = workloads[0].images.iter().map(|image| (image.width, image.height)).collect();
        assert_eq!(sizes, [(3, 2), (5, 4), (9, 1)]);
    }

    #[test]
    fn equal_sizes_make_one_workload_per_size_in_the_order_given() {
        let (_folder, source) = folder();
        let sizes: Sizes = "8x6,2x4".parse().unwrap();
        let workloads = Workload::load_all(&source, &sizes).unwrap();
        let names: Vec<_> = workloads.iter().map(|workload| workload.name.as_str()).collect();
        assert_eq!(names, ["8x6", "2x4"]);
        assert_eq!(workloads[0].description, "3 photographs, all resampled to 8x6 px");
        for (workload, (width, height)) in workloads.iter().zip([(8, 6), (2, 4)]) {
            for (image, colour) in workload.images.iter().zip([10, 20, 30]) {
                assert_eq!((image.width, image.height), (width, height));
                assert!(image.rgb.iter().all(|&value| value == colour), "{}", image.name);
            }
        }
    }

    #[test]
    fn a_list_may_hold_the_photographs_own_sizes_too() {
        let (_folder, source) = folder();
        let workloads = Workload::load_all(&source, &"8x6,mixed".parse().unwrap()).unwrap();
        let names: Vec<_> = workloads.iter().map(|workload| workload.name.as_str()).collect();
        assert_eq!(names, ["8x6", "mixed"]);
    }

    #[test]
    fn a_batch_goes_round_the_folder_in_name_order() {
        let (_folder, source) = folder();
        let workload = &Workload::load_all(&source, &Sizes::mixed()).unwrap()[0];
        let batch = workload.batch(7).unwrap();
        let colours: Vec<_> = batch.iter().map(|image| image.rgb[0]).collect();
        assert_eq!(colours, [10, 20, 30, 10, 20, 30, 10]);
        assert!(Arc::ptr_eq(&batch[0], &workload.images[0]), "the first round is not copied");
        let mut addresses: Vec<_> = batch.iter().map(|image| image.rgb.as_ptr()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 7, "images of a batch must not share memory");
        let names: Vec<_> = workload.batch_encoded(4).iter().map(|image| image.name().to_owned()).collect();
        assert_eq!(names, ["a.png", "b.png", "c.png", "a.png"]);
        assert!(workload.batch(0).unwrap().is_empty());
    }

    #[test]
    fn one_bad_file_is_named() {
        let (folder, source) = folder();
        std::fs::write(folder.path().join("bad.jpg"), b"").unwrap();
        let error = Workload::load_all(&source, &Sizes::mixed()).unwrap_err();
        assert!(error.is::<InputError>() && error.to_string().contains("bad.jpg"), "{error}");
    }

    #[test]
    fn bad_files_can_be_left_out_and_are_named() {
        let (folder, mut source) = folder();
        std::fs::write(folder.path().join("bad.jpg"), b"").unwrap();
        let ImageSource::Files { skip_bad_files, .. } = &mut source else { panic!("a folder") };
        *skip_bad_files = true;
        let workloads = Workload::load_all(&source, &"mixed,2x2".parse().unwrap()).unwrap();
        for workload in workloads {
            assert_eq!((workload.images.len(), workload.encoded.len()), (3, 3));
            let [skipped] = workload.skipped.as_slice() else { panic!("{:?}", workload.skipped) };
            assert_eq!(skipped.file, "bad.jpg");
            assert!(skipped.reason.contains("empty"), "{}", skipped.reason);
        }
        for good in ["a.png", "b.png", "c.png"] {
            std::fs::remove_file(folder.path().join(good)).unwrap();
        }
        let error = Workload::load_all(&source, &Sizes::mixed()).unwrap_err().to_string();
        assert!(error.contains("no image could be decoded") && error.contains("bad.jpg"), "{error}");
    }

    #[test]
    fn a_batch_that_memory_does_not_hold_is_refused_before_it_is_made() {
        let image = DecodedImage::new("large", 8192, 8192, vec![0; 8192 * 8192 * 3]).unwrap();
        let most = MAX_HELD_BYTES / image.rgb.len();
        let workload = Workload {
            name: "large".into(),
            description: "1 photograph".into(),
            images: vec![Arc::new(image)],
            encoded: Vec::new(),
            skipped: Vec::new(),
        };
        assert!(workload.check_batch(most).is_ok());
        assert!(workload.batch(most + 1).unwrap_err().is::<InputError>());
    }

    #[test]
    fn more_images_than_memory_holds_are_refused() {
        let mut held = 0;
        assert!(hold(&mut held, MAX_HELD_BYTES).is_ok());
        assert!(hold(&mut held, 1).unwrap_err().is::<InputError>());
    }
}
