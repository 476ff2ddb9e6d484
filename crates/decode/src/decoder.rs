//! A file of any format.

use crate::{Doubt, Error, Format, Loader, Native, jpeg, jpeg::SIMD, png};

/// The pixels that `loader` gives for the file with these bytes, if this crate is sure of them.
///
/// `buffer` holds the pixels then; whatever it held before is lost. Handing in the buffer of an image that is no longer
/// needed saves the system from clearing new memory.
///
/// # Errors
/// If the file must not be read by any decoder: it is empty, or too large for the limits.
pub fn decode(bytes: &[u8], loader: Loader, buffer: Vec<u8>) -> Result<Native, Error> {
    match Format::of(bytes) {
        Some(Format::Jpeg) if !SIMD => Ok(Native::Undecided(Doubt::NoSimd)),
        _ => decode_undamaged(bytes, loader, buffer),
    }
}

/// As [`decode`], of a file that is known to be undamaged: its pixels are the loader's even without [`SIMD`].
///
/// # Errors
/// As [`decode`].
pub fn decode_undamaged(bytes: &[u8], loader: Loader, buffer: Vec<u8>) -> Result<Native, Error> {
    match Format::of(bytes) {
        _ if bytes.is_empty() => Err(Error::Empty),
        Some(Format::Jpeg) => jpeg::decode(bytes, loader, buffer),
        Some(Format::Png) => png::decode(bytes, loader, buffer),
        _ => Ok(Native::Undecided(Doubt::Format)),
    }
}

/// (width, height) as the header of a JPEG or PNG tells it, before it is turned upright; none of another file, or of one that
/// is not put together as encoders do it.
pub fn stored_size(bytes: &[u8]) -> Option<(u32, u32)> {
    match Format::of(bytes)? {
        Format::Jpeg => jpeg::stored_size(bytes),
        Format::Png => png::stored_size(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_buffer_held_before_is_lost() {
        let files: [&[u8]; 2] = [
            include_bytes!("../../../fixtures/photos/rocket.jpg"),
            include_bytes!("../../../fixtures/photos/chelsea.png"),
        ];
        for file in files {
            let decoded = |buffer| match decode_undamaged(file, Loader::Torchvision, buffer).unwrap() {
                Native::Pixels(pixels) => pixels,
                Native::Undecided(doubt) => panic!("{doubt}"),
            };
            let fresh = decoded(Vec::new());
            for length in [1, fresh.rgb.len(), 2 * fresh.rgb.len()] {
                assert!(decoded(vec![7; length]) == fresh, "a buffer of {length} bytes");
            }
        }
    }
}
