//! A decoded image in host memory.

/// Interleaved RGB with 8 bits per channel: what a user holds after `PIL.Image.open(…).convert("RGB")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedImage {
    /// Where the image comes from, for messages and files.
    pub name: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `height · width · 3` bytes, rows top to bottom, channels red, green, blue.
    pub rgb: Vec<u8>,
}

impl DecodedImage {
    /// Wraps pixels; none unless there are `width · height · 3` bytes and neither side is zero.
    pub fn new(name: impl Into<String>, width: usize, height: usize, rgb: Vec<u8>) -> Option<Self> {
        let bytes = width.checked_mul(height)?.checked_mul(3)?;
        (bytes > 0 && rgb.len() == bytes).then(|| Self { name: name.into(), width, height, rgb })
    }
}
