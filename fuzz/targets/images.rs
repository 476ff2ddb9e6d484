//! A JPEG or PNG file.

#![no_main]

use std::io::Cursor;

use image::ImageReader;
use libfuzzer_sys::fuzz_target;
use patchmark::workload::{MAX_PIXELS, decode_bytes};

/// The most pixels that are really decoded. Larger images take seconds and show nothing that smaller ones do not.
const PIXELS: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let reader = ImageReader::new(Cursor::new(data)).with_guessed_format();
    let size = reader.ok().and_then(|reader| reader.into_dimensions().ok());
    let pixels = size.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    if (PIXELS..=MAX_PIXELS).contains(&pixels) {
        return;
    }
    if let Ok(image) = decode_bytes("image", data) {
        assert_eq!(image.rgb.len(), image.width * image.height * 3);
        assert_eq!(size, Some((image.width as u32, image.height as u32)));
    }
});
