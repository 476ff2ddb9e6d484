//! The upload of images from host memory: their layout in the buffer that is uploaded, and filling that buffer while it
//! is being sent.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use patchmark_fused_cuda::copy_streaming;
use rayon::ThreadPool;

use crate::workload::DecodedImage;

/// The approximate number of bytes that one thread copies to page-locked memory at a time: few, so that the bus soon
/// has work.
const PART: usize = 256 << 10;

/// Rows start at multiples of this many bytes, which the kernel reads fastest.
const ROW: usize = 16;

/// The place of an image in the uploaded buffer.
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) pitch: usize,
    length: usize,
}

/// Lays out images after a table, with rows at multiples of [`ROW`]; returns their places and the bytes in all.
pub(super) fn layout(table: usize, images: &[Arc<DecodedImage>]) -> (Vec<Place>, usize) {
    let mut end = table.next_multiple_of(256);
    let place = |image: &Arc<DecodedImage>| {
        let pitch = (image.width * 3).next_multiple_of(ROW);
        let place = Place { start: end, pitch, length: pitch * image.height };
        end += place.length;
        place
    };
    let places = images.iter().map(place).collect();
    (places, end)
}

/// Rows of one image that are copied to one place in the buffer.
pub(super) struct Band<'a> {
    start: usize,
    pitch: usize,
    row: usize,
    pixels: &'a [u8],
}

impl Band<'_> {
    fn rows(&self) -> usize {
        self.pixels.len() / self.row
    }

    fn end(&self) -> usize {
        self.start + self.rows() * self.pitch
    }

    /// Copies the rows to `to`, which begins at the place of the first row.
    fn copy(&self, to: &mut [u8]) {
        if self.row == self.pitch {
            copy_streaming(to, self.pixels);
        } else {
            for (to, from) in to.chunks_exact_mut(self.pitch).zip(self.pixels.chunks_exact(self.row)) {
                copy_streaming(&mut to[..self.row], from);
            }
        }
    }
}

/// The rows of all images in parts of about [`PART`] bytes, none of them empty: a large image is divided, small images
/// share a part.
pub(super) fn parts<'a>(images: &'a [Arc<DecodedImage>], places: &[Place]) -> Vec<Vec<Band<'a>>> {
    let mut parts: Vec<Vec<Band<'a>>> = Vec::new();
    let mut room = 0;
    for (image, &Place { start, pitch, .. }) in images.iter().zip(places) {
        let row = image.width * 3;
        let rows = (PART / pitch).max(1);
        for (index, pixels) in image.rgb.chunks(rows * row).enumerate() {
            let band = Band { start: start + index * rows * pitch, pitch, row, pixels };
            let bytes = band.end() - band.start;
            match parts.last_mut().filter(|_| bytes <= room) {
                Some(part) => part.push(band),
                None => {
                    room = PART;
                    parts.push(vec![band]);
                }
            }
            room = room.saturating_sub(bytes);
        }
    }
    parts
}

/// A part that is not copied yet, and its destination.
type Task<'a> = Mutex<Option<(&'a [Band<'a>], &'a mut [u8])>>;

/// Marks a part as filled when dropped, even by a panic, so that no thread waits for it forever.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The state that the threads of an upload share: they take parts in order, each part by one thread.
struct Filling<'a> {
    tasks: Vec<Task<'a>>,
    filled: Vec<AtomicBool>,
    next: AtomicUsize,
}

impl Filling<'_> {
    /// Copies the next part; false if there is none.
    fn copy_one(&self) -> bool {
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(task) = self.tasks.get(index) else { return false };
        let _done = Done(&self.filled[index]);
        if let Some((part, to)) = task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let start = part[0].start;
            for band in part {
                band.copy(&mut to[band.start - start..band.end() - start]);
            }
        }
        true
    }

    /// How many consecutive parts, from `sent` on, are filled.
    fn ready(&self, sent: usize) -> usize {
        self.filled[sent..].iter().take_while(|filled| filled.load(Ordering::Acquire)).count()
    }
}

/// Fills `buffer` with all parts, on the threads of `pool` and the calling thread. Calls `send` in order with each
/// range as soon as it is filled, so that the bus works while the rest is copied. The calling thread never sleeps,
/// because waking it would take as long as copying many parts.
///
/// # Errors
/// The first error of `send`; parts that are being copied then are still completed.
pub(super) fn fill(
    pool: &ThreadPool,
    parts: &[Vec<Band<'_>>],
    buffer: &mut [u8],
    mut send: impl FnMut(Range<usize>) -> Result<()>,
) -> Result<()> {
    let ends: Vec<usize> = parts.iter().filter_map(|part| part.last()).map(Band::end).collect();
    let Some(mut at) = parts.first().map(|part| part[0].start) else { return Ok(()) };
    let mut rest = &mut buffer[at..];
    let mut begin = at;
    let mut tasks = Vec::with_capacity(parts.len());
    for (part, &end) in parts.iter().zip(&ends) {
        let (own, others) = std::mem::take(&mut rest).split_at_mut(end - begin);
        (rest, begin) = (others, end);
        tasks.push(Mutex::new(Some((part.as_slice(), own))));
    }
    let filled = parts.iter().map(|_| AtomicBool::new(false)).collect();
    let filling = &Filling { tasks, filled, next: AtomicUsize::new(0) };
    pool.in_place_scope(|scope| {
        for _ in 0..pool.current_num_threads().min(parts.len() - 1) {
            scope.spawn(|_| while filling.copy_one() {});
        }
        let mut sent = 0;
        while sent < parts.len() {
            let ready = filling.ready(sent);
            if ready > 0 {
                sent += ready;
                let end = ends[sent - 1];
                if let Err(error) = send(at..end) {
                    filling.next.store(parts.len(), Ordering::Relaxed);
                    return Err(error);
                }
                at = end;
            } else if !filling.copy_one() {
                std::thread::yield_now();
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn what_cannot_be_sent_ends_the_upload() {
        let image = Arc::new(DecodedImage::new("image", 2048, 2048, vec![7; 2048 * 2048 * 3]).unwrap());
        let (places, total) = layout(0, std::slice::from_ref(&image));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let mut calls = 0;
        let failed = fill(&pool, &parts(&[image], &places), &mut vec![0; total], |_| {
            calls += 1;
            bail!("cuMemcpyHtoDAsync failed")
        });
        assert_eq!((failed.unwrap_err().to_string().as_str(), calls), ("cuMemcpyHtoDAsync failed", 1));
    }

    #[test]
    fn images_lie_one_behind_another_and_every_byte_is_sent_once() {
        let image = |width: usize, height: usize, seed: usize| {
            let rgb = (0..width * height * 3).map(|at| (at * 31 + seed) as u8).collect();
            Arc::new(DecodedImage::new("image", width, height, rgb).unwrap())
        };
        let images =
            [image(1024, 768, 0), image(5, 3, 1), image(1999, 1000, 2), image(2048, 2048, 3), image(1, 1, 4)];
        let (places, total) = layout(1000, &images);
        assert!(places.iter().all(|place| place.start % ROW == 0 && place.pitch % ROW == 0));
        let parts = parts(&images, &places);
        // Five images: each of the larger ones has several parts, and the two smallest share a part with a neighbour.
        assert!((70..85).contains(&parts.len()), "{}", parts.len());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let mut buffer = vec![0; total];
        let mut sent = places[0].start;
        fill(&pool, &parts, &mut buffer, |part| {
            assert!(part.start == sent && part.end > sent, "{part:?} after {sent}");
            sent = part.end;
            Ok(())
        })
        .unwrap();
        assert_eq!(sent, total);
        for (image, place) in images.iter().zip(&places) {
            for (y, row) in image.rgb.chunks_exact(image.width * 3).enumerate() {
                assert_eq!(&buffer[place.start + y * place.pitch..][..row.len()], row);
            }
        }
    }
}
