//! Memory of pixels that is used again: the system clears new memory before it hands it out, which takes half as long as
//! decoding a photograph.

use std::sync::{Arc, Mutex, PoisonError};

use crate::workload::DecodedImage;

/// The most bytes that are kept.
const MOST_KEPT: usize = 256 << 20;

/// The memory of images that are no longer needed.
#[derive(Default)]
pub(super) struct Buffers {
    free: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// One that was given back, with whatever it held, or an empty one.
    pub(super) fn take(&self) -> Vec<u8> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes the memory of images of which nothing else holds any.
    pub(super) fn give_back(&self, images: Vec<Arc<DecodedImage>>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept: usize = free.iter().map(Vec::capacity).sum();
        for image in images.into_iter().filter_map(Arc::into_inner) {
            kept += image.rgb.capacity();
            if kept > MOST_KEPT {
                return;
            }
            free.push(image.rgb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_once_nothing_holds_it() {
        let buffers = Buffers::default();
        assert_eq!(buffers.take().capacity(), 0);
        let image = || Arc::new(DecodedImage::new("a", 20, 10, vec![0; 600]).unwrap());
        let (one, held) = (image(), image());
        let place = one.rgb.as_ptr();
        buffers.give_back(vec![one, held.clone()]);
        let again = buffers.take();
        assert_eq!(again.as_ptr(), place);
        assert_eq!(buffers.take().capacity(), 0, "the other one is held");
        assert_eq!(held.rgb.len(), 600);
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let buffers = Buffers::default();
        let pixels = MOST_KEPT / 3 / 4 + 1;
        let image = |_| Arc::new(DecodedImage::new("a", pixels, 1, vec![0; pixels * 3]).unwrap());
        buffers.give_back((0..5).map(image).collect());
        let taken = std::iter::repeat_with(|| buffers.take()).take_while(|buffer| buffer.capacity() > 0);
        assert_eq!(taken.count(), 3);
    }
}
