//! The largest image that is decoded. The size in a header is checked before any pixel is decoded, so that a few bytes
//! cannot ask for all memory.

/// The longest side of an image that is decoded, in pixels.
pub const MAX_SIDE: u32 = 65_535;
/// The most pixels of an image that is decoded.
pub const MAX_PIXELS: u64 = 200_000_000;
/// The most scans of a JPEG. Encoders write about ten.
const MAX_SCANS: u32 = 500;
/// The most pixels that all scans of a JPEG go over, twenty scans of the largest image: each goes over the whole image,
/// however little it holds, so that a small file could take hours.
const MAX_SCANNED_PIXELS: u64 = 20 * MAX_PIXELS;

/// Whether an image of this size is decoded.
pub(crate) fn holds(width: u32, height: u32) -> bool {
    width <= MAX_SIDE && height <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS
}

/// Whether so many scans of an image of this size are decoded.
pub(crate) fn holds_scans(scans: u32, width: u32, height: u32) -> bool {
    let pixels = u64::from(width) * u64::from(height);
    scans <= MAX_SCANS && u64::from(scans) * pixels <= MAX_SCANNED_PIXELS
}
