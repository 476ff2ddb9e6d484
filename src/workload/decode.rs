//! Decodes the bytes of a JPEG or PNG file to RGB, and refuses files that cannot be decoded completely.

use std::{fs, io::Cursor, path::Path};

use anyhow::Result;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, error::LimitErrorKind,
};
use patchmark_results::input_error;

use super::DecodedImage;
use crate::guarded::guarded;

/// The longest side of an image that is decoded, in pixels.
pub const MAX_SIDE: u32 = 32_768;
/// The most pixels of an image that is decoded.
pub const MAX_PIXELS: u64 = 200_000_000;
/// The most bytes that a decoder may allocate: 1 GiB.
const MAX_ALLOCATION: u64 = 1 << 30;
/// The largest file that is read: 512 MiB.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Reads and decodes one file to 8-bit RGB; see [`decode_bytes`].
///
/// Every failure is an [`InputError`](patchmark_results::InputError) that names the file.
pub fn decode_file(path: &Path) -> Result<DecodedImage> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        input_error!("cannot read {shown}: {error}; check the path and its permissions")
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(input_error!("{shown} is a folder, not an image; name a JPEG or PNG file"));
    }
    if !metadata.is_file() {
        return Err(input_error!("{shown} is not a regular file; name a JPEG or PNG file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        let (size, limit) = (metadata.len() >> 20, MAX_FILE_BYTES >> 20);
        return Err(input_error!(
            "{shown} is {size} MiB, over the limit of {limit} MiB; use a smaller image"
        ));
    }
    decode_bytes(&shown.to_string(), &fs::read(path).map_err(unreadable)?)
}

/// Decodes a whole JPEG or PNG to 8-bit RGB, as PIL's `convert("RGB")` does.
///
/// Grey is replicated, palettes are looked up, alpha is dropped without blending, and a 16-bit channel keeps its high
/// byte (even in plain 16-bit grey, of which PIL clips nearly everything to white). Like `PIL.Image.open`, this does
/// not apply an EXIF rotation. The size in the header is checked before any pixel is decoded, so a decompression bomb
/// costs nothing.
pub fn decode_bytes(name: &str, bytes: &[u8]) -> Result<DecodedImage> {
    let format = known_format(name, bytes)?;
    let kind = if format == ImageFormat::Jpeg { "JPEG" } else { "PNG" };
    let broken = |error: ImageError| match error {
        ImageError::Limits(limit) if limit.kind() != LimitErrorKind::InsufficientMemory => {
            input_error!("{name}: {limit}; use a smaller image")
        }
        ImageError::Limits(_) => {
            input_error!("{name} needs more than {} MiB to decode; use a smaller image", MAX_ALLOCATION >> 20)
        }
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            input_error!("{name} is a truncated {kind}: the file ends too early; copy or download it again")
        }
        other => input_error!("{name} is a damaged {kind}: {other}; copy, download or export it again"),
    };

    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    // Some headers that no encoder writes make the decoders panic.
    let panicked = |message: String| {
        input_error!("{name} is a damaged {kind}: {message}; copy, download or export it again")
    };
    let decoder = guarded(|| reader.into_decoder()).map_err(panicked)?.map_err(broken)?;
    let (width, height) = decoder.dimensions();
    check_size(name, width, height, decoder.total_bytes())?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(input_error!(
            "{name} is a truncated JPEG: it has no end marker; copy or download it again"
        ));
    }
    let decoded = guarded(|| DynamicImage::from_decoder(decoder)).map_err(panicked)?;
    let pixels = to_rgb(decoded.map_err(broken)?);
    DecodedImage::new(name, width as usize, height as usize, pixels)
        .ok_or_else(|| input_error!("{name} is a {kind} of {width}x{height} with the wrong number of pixels"))
}

/// The format according to the first bytes, whatever the file's name; only JPEG and PNG are accepted.
fn known_format(name: &str, bytes: &[u8]) -> Result<ImageFormat> {
    if bytes.is_empty() {
        return Err(input_error!("{name} is empty (0 bytes); copy or download it again"));
    }
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => Ok(format),
        Ok(other) => Err(input_error!("{name} holds {other:?} data; convert it to JPEG or PNG")),
        Err(_) => Err(input_error!(
            "{name} is not an image: it does not start like a JPEG or PNG; remove or replace it"
        )),
    }
}

/// Refuses a size in the header that is empty or too large to decode.
fn check_size(name: &str, width: u32, height: u32, decoded_bytes: u64) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(input_error!("{name} claims to be {width}x{height}, which has no pixels; replace it"));
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > MAX_SIDE || height > MAX_SIDE || pixels > MAX_PIXELS || decoded_bytes > MAX_ALLOCATION {
        return Err(input_error!(
            "{name} claims to be {width}x{height} ({} MiB decoded), over the limit of {MAX_SIDE} px per side, \
             {} million pixels and {} MiB; use a smaller image",
            decoded_bytes >> 20,
            MAX_PIXELS / 1_000_000,
            MAX_ALLOCATION >> 20
        ));
    }
    Ok(())
}

/// Whether the JPEG has its end marker: without one, decoders fill what is missing with grey.
///
/// Segments are skipped by their length, because an embedded thumbnail has an end marker too.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2; // past the start-of-image marker
    while let Some(skipped) = bytes.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xFF)) {
        at += skipped;
        match bytes.get(at + 1) {
            None => return false,
            Some(0xD9) => return true,
            Some(0xFF) => at += 1,                      // fill byte
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 2, // stuffed byte or a marker without a length
            Some(_) => {
                let Some(length) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
        }
    }
    false
}

/// Converts any decoded image to interleaved 8-bit RGB.
fn to_rgb(image: DynamicImage) -> Vec<u8> {
    let high = |value: u16| (value >> 8) as u8;
    match image {
        DynamicImage::ImageRgb8(pixels) => pixels.into_raw(),
        DynamicImage::ImageLuma16(pixels) => {
            pixels.as_raw().iter().flat_map(|&grey| [high(grey); 3]).collect()
        }
        DynamicImage::ImageLumaA16(pixels) => {
            pixels.as_raw().chunks_exact(2).flat_map(|pixel| [high(pixel[0]); 3]).collect()
        }
        DynamicImage::ImageRgb16(pixels) => pixels.as_raw().iter().map(|&value| high(value)).collect(),
        DynamicImage::ImageRgba16(pixels) => {
            pixels.as_raw().chunks_exact(4).flat_map(|pixel| [0, 1, 2].map(|c| high(pixel[c]))).collect()
        }
        other => other.into_rgb8().into_raw(),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
