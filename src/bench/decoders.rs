//! Decodes the files of a batch, on as many threads as a processor may use.

use std::{
    cmp::Reverse,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use crate::workload::{DecodedImage, EncodedImage};

/// The most bytes of pixels whose memory is kept for the next batch.
const MOST_KEPT: usize = 256 << 20;

/// Threads that decode one file each, and the memory of images that are no longer needed.
pub struct Decoders {
    /// None if the calling thread decodes.
    pool: Option<ThreadPool>,
    /// By the image's place in the batch, so that an image finds the memory that it had before.
    buffers: Mutex<Vec<Vec<u8>>>,
}

impl Decoders {
    /// Starts the threads; with one, the calling thread decodes.
    ///
    /// # Errors
    /// If the system refuses them.
    pub fn new(threads: usize) -> Result<Self> {
        let pool = (threads > 1)
            .then(|| ThreadPoolBuilder::new().num_threads(threads).build())
            .transpose()
            .with_context(|| format!("failed to start a thread pool of size {threads}"))?;
        Ok(Self { pool, buffers: Mutex::default() })
    }

    /// The pixels of the files, in their order.
    ///
    /// # Errors
    /// As [`EncodedImage::decode`], for the first file that cannot be decoded.
    pub(super) fn decode(&self, files: &[&EncodedImage]) -> Result<Vec<Arc<DecodedImage>>> {
        let mut buffers = mem::take(&mut *self.buffers.lock().unwrap_or_else(PoisonError::into_inner));
        buffers.resize_with(files.len(), Vec::new);
        match &self.pool {
            Some(pool) => {
                let mut order: Vec<_> = files.iter().zip(buffers).enumerate().collect();
                // The longest first and one at a time, so that no thread still has a long one when the others are done. What
                // a file takes grows with its bytes.
                order.sort_by_cached_key(|(_, (file, _))| Reverse(file.stored_bytes()));
                let one = |(place, file)| (place, decode(file));
                let mut decoded: Vec<_> = pool.install(|| order.into_iter().par_bridge().map(one).collect());
                decoded.sort_unstable_by_key(|(place, _)| *place);
                decoded.into_iter().map(|(_, image)| image).collect()
            }
            None => files.iter().zip(buffers).map(decode).collect(),
        }
    }

    /// Takes the memory of images back, of which nothing else may hold any, for the next batch.
    pub(super) fn reuse(&self, images: Vec<Arc<DecodedImage>>) {
        let mut kept = 0;
        let buffers = images.into_iter().map(|image| match Arc::into_inner(image) {
            Some(image) if kept + image.rgb.len() <= MOST_KEPT => {
                kept += image.rgb.len();
                image.rgb
            }
            _ => Vec::new(),
        });
        *self.buffers.lock().unwrap_or_else(PoisonError::into_inner) = buffers.collect();
    }
}

fn decode((file, buffer): (&&EncodedImage, Vec<u8>)) -> Result<Arc<DecodedImage>> {
    let image = match file {
        EncodedImage::File { path, decoder, .. } => decoder.decode_file_into(path, buffer)?,
        EncodedImage::Embedded { .. } => file.decode()?,
    };
    Ok(Arc::new(image))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{FileDecoder, ImageSource, Listing};

    #[test]
    fn pixels_are_in_the_order_of_the_files_whatever_the_threads_and_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        for (name, width, colour) in [("a", 40, 10), ("b", 20, 20), ("c", 30, 30)] {
            let image = image::RgbImage::from_pixel(width, 2, image::Rgb([colour; 3]));
            image.save(folder.path().join(format!("{name}.png"))).unwrap();
        }
        let source = ImageSource::Files {
            listing: Listing::Folder { folder: folder.path().to_owned(), recursive: false },
            decoder: FileDecoder::native(),
            skip_bad_files: false,
        };
        let files = source.encoded().unwrap();
        let [a, b, c] = &files[..] else { panic!("{files:?}") };
        for threads in [1, 2] {
            let decoders = Decoders::new(threads).unwrap();
            let mut addresses = Vec::new();
            for files in [&[a, b, c][..], &[c, a], &[b, b, a], &[b, b, a]] {
                let images = decoders.decode(files).unwrap();
                let expected: Vec<_> = files.iter().map(|file| Arc::new(file.decode().unwrap())).collect();
                assert_eq!(images, expected, "{threads} threads");
                addresses = images.iter().map(|image| image.rgb.as_ptr()).collect();
                decoders.reuse(images);
            }
            let again = decoders.decode(&[b, b, a]).unwrap();
            let found: Vec<_> = again.iter().map(|image| image.rgb.as_ptr()).collect();
            assert_eq!(found, addresses, "each place keeps its memory");
        }
    }
}
