//! Images in files, from which every worker reads its pixels.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use super::protocol::ImageRef;
use crate::workload::DecodedImage;

/// Writes an image to a file that workers can read.
pub(crate) fn write_image(image: &DecodedImage, file: PathBuf) -> Result<ImageRef> {
    fs::write(&file, &image.rgb).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(ImageRef { file, offset: 0, width: image.width, height: image.height, mode: "RGB".into() })
}

/// The pixels of an image that `write_image` wrote.
///
/// # Errors
/// If the file is gone.
pub fn read_image(image: &ImageRef) -> Result<DecodedImage> {
    let rgb = fs::read(&image.file)
        .with_context(|| format!("failed to read the pixels of an image from {}", image.file.display()))?;
    DecodedImage::new(format!("{}x{}", image.width, image.height), image.width, image.height, rgb)
        .context("an image without pixels")
}
