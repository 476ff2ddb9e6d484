//! An image file: decoded natively if it is a JPEG or PNG, looked at if it is a GIF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_decode::{Loader, MAX_PIXELS, Native, decode, is_sound_still_gif, stored_size};

/// The most pixels that are really decoded. Larger images take seconds and show nothing that smaller ones do not.
const PIXELS: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    is_sound_still_gif(data);
    let size = stored_size(data);
    let pixels = size.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    if (PIXELS..=MAX_PIXELS).contains(&pixels) {
        return;
    }
    for loader in [Loader::Pillow, Loader::Torchvision] {
        if let Ok(Native::Pixels(found)) = decode(data, loader, Vec::new()) {
            assert_eq!(found.rgb.len(), found.width * found.height * 3);
            assert_eq!(pixels, (found.width * found.height) as u64);
        }
    }
});
