//! The images of `bench --from-files`, which must be files.

use std::fs;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::arguments::Arguments;
use crate::workload::{EncodedImage, ImageSource, Listing, built_in_photographs};

/// The user's files, or a temporary folder that holds the built-in photographs until this is dropped.
pub(super) struct Photographs {
    source: ImageSource,
    _folder: Option<TempDir>,
}

impl Photographs {
    /// Writes the built-in photographs to a temporary folder unless `--images` names files.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub(super) fn of(arguments: &Arguments) -> Result<Self> {
        let images = &arguments.images;
        if images.are_files() {
            return Ok(Self { source: images.source()?, _folder: None });
        }
        let folder = written().context("failed to write the built-in photographs to a temporary folder")?;
        let listing = Listing::Folder { folder: folder.path().to_owned(), recursive: false };
        Ok(Self { source: images.files_of(listing, images.decoder()), _folder: Some(folder) })
    }

    pub(super) fn source(&self) -> ImageSource {
        self.source.clone()
    }
}

fn written() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("patchmark-photographs-").tempdir()?;
    for photograph in built_in_photographs() {
        if let EncodedImage::Embedded { name, bytes } = photograph {
            fs::write(folder.path().join(name), bytes)?;
        }
    }
    Ok(folder)
}
