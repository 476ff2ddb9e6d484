//! A decoded image in host memory.

/// Interleaved RGB, 8 bits a channel: what a user holds after `PIL.Image.open(…).convert("RGB")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedImage {
    /// Where the image comes from, for messages and artefacts.
    pub name: String,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `height · width · 3` bytes, rows top to bottom, channels red, green, blue.
    pub rgb: Vec<u8>,
}

impl DecodedImage {
    /// Wraps pixels whose length must be `width · height · 3`, with neither side zero.
    pub fn new(name: impl Into<String>, width: usize, height: usize, rgb: Vec<u8>) -> Option<Self> {
        let bytes = width.checked_mul(height)?.checked_mul(3)?;
        (bytes > 0 && rgb.len() == bytes).then(|| Self { name: name.into(), width, height, rgb })
    }
}
