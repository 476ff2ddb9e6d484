//! Inputs and outputs between pages that fault: reading or writing a single byte outside of them kills the
//! test.

#![cfg(unix)]

mod common;

use common::{Stored, levels, resize};
use patchmark_fused::{
    Filter, Layout, Normalization, PixelView, Plan, Scratch, Size, Stores, process_image,
    process_image_bytes, target_size,
};

const PAGE: usize = 4096;

/// Memory between two pages that fault.
struct Guarded {
    map: *mut u8,
    length: usize,
    inside: usize,
}

impl Guarded {
    fn new(bytes: usize) -> Self {
        let inside = bytes.div_ceil(PAGE) * PAGE;
        let length = inside + 2 * PAGE;
        // SAFETY: the mapping is new and private; its first and last page are then made to fault.
        let map = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let map =
                libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert_ne!(map, libc::MAP_FAILED);
            assert_eq!(libc::mprotect(map, PAGE, libc::PROT_NONE), 0);
            assert_eq!(libc::mprotect(map.add(length - PAGE), PAGE, libc::PROT_NONE), 0);
            map.cast::<u8>()
        };
        Self { map, length, inside }
    }

    /// The first or the last `count` values of the accessible pages.
    fn slice<T>(&mut self, count: usize, end: bool) -> &mut [T] {
        let bytes = count * size_of::<T>();
        assert!(bytes <= self.inside);
        let start = PAGE + if end { self.inside - bytes } else { 0 };
        // SAFETY: the values lie inside the accessible pages, and zeroed integers and floats are valid.
        unsafe { std::slice::from_raw_parts_mut(self.map.add(start).cast(), count) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: `new` made this mapping.
        unsafe { libc::munmap(self.map.cast(), self.length) };
    }
}

fn check(size: Size, patch: usize, most: usize, gap: usize, filter: Filter) {
    let (height, width) = target_size(size.height, size.width, patch, most);
    let target = Size { height, width };
    let rgb: Vec<u8> = (0..size.height * size.width * 3).map(|i| (i * 97 % 256) as u8).collect();
    let resized = resize(&rgb, size, target, filter);
    let normalization = Normalization::affine([127.5; 3], [127.5; 3]);
    let mut scratch = Scratch::new();
    for level in levels() {
        for layout in [Layout::Rgb, Layout::Rgbx, Layout::Planar] {
            let stored = Stored::new(&rgb, size, layout, gap);
            let plan = Plan::new(size, target, layout, filter, level).unwrap();
            let mut memory = Guarded::new(stored.bytes.len());
            let mut floats = Guarded::new(resized.len() * 4);
            let mut bytes = Guarded::new(resized.len());
            for end in [true, false] {
                let pixels = memory.slice::<u8>(stored.bytes.len(), end);
                pixels.copy_from_slice(&stored.bytes);
                let view = PixelView::strided(
                    pixels,
                    layout,
                    size.height,
                    size.width,
                    stored.row_stride,
                    stored.plane_stride,
                )
                .unwrap();
                for stores in [Stores::Cached, Stores::Streaming] {
                    let output = floats.slice::<f32>(resized.len(), end);
                    process_image(&view, &plan, &normalization, patch, output, stores, &mut scratch).unwrap();
                }
                let output = bytes.slice::<u8>(resized.len(), end);
                process_image_bytes(&view, &plan, patch, output, &mut scratch).unwrap();
                if patch == 1 {
                    assert_eq!(output, resized, "{size:?} {level} {layout:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_beyond_the_ends_is_touched() {
    let sizes = (1..=70).map(|width| (1 + width % 5, width)).chain([
        (1, 1),
        (3, 127),
        (9, 341),
        (40, 1000),
        (300, 7),
        (1, 4000),
        (4000, 1),
        (64, 64),
        (97, 260),
    ]);
    for (height, width) in sizes {
        let size = Size { height, width };
        check(size, 1, 37, 0, Filter::Bilinear);
        check(size, 1, 1500, 3, Filter::Bilinear);
        check(size, 16, 4, 0, Filter::Bilinear);
        check(size, 5, 9, 1, Filter::Bicubic);
    }
}
