//! Which of transformers' ways to read a file is followed.

/// The decoder whose pixels are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loader {
    /// transformers' `load_image`: `PIL.Image.open`, `PIL.ImageOps.exif_transpose`, `convert("RGB")`.
    Pillow,
    /// transformers' `load_image_as_tensor`: `torchvision.io.decode_image` in mode RGB, with the EXIF orientation applied.
    Torchvision,
}
