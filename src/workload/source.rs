//! Where photographs come from: the ones built in, or a user's files.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;

use super::{
    Decoded, DecodedImage, FileDecoder, decoder,
    listing::{ListedFile, Listing},
};

/// A photograph as it is stored.
#[derive(Clone)]
pub enum EncodedImage {
    /// A file that is part of the program.
    Embedded {
        /// File name in `fixtures/photos`.
        name: &'static str,
        /// The whole file.
        bytes: &'static [u8],
    },
    /// A file on disk.
    File {
        /// The file as people know it; see [`ListedFile`].
        name: String,
        /// Where it is.
        path: PathBuf,
        /// What reads it.
        decoder: Arc<FileDecoder>,
    },
}

impl EncodedImage {
    /// Reads the file, if it is one on disk, and decodes it to RGB.
    ///
    /// # Errors
    /// As [`FileDecoder::decode_file`].
    pub fn decode(&self) -> Result<DecodedImage> {
        match self {
            Self::Embedded { name, bytes } => decoder::decode_embedded(name, bytes),
            Self::File { path, decoder, .. } => decoder.decode_file(path),
        }
    }

    /// The whole file.
    ///
    /// # Errors
    /// As [`FileDecoder::decode_file`], if it cannot be read.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>> {
        match self {
            Self::Embedded { bytes, .. } => Ok(Cow::Borrowed(bytes)),
            Self::File { path, .. } => decoder::read(path).map(Cow::Owned),
        }
    }

    /// Decodes the file, which holds `bytes`, into the memory of `buffer`, if that is large enough.
    ///
    /// # Errors
    /// As [`FileDecoder::decode_file`].
    pub fn decode_bytes(&self, bytes: &[u8], buffer: Vec<u8>) -> Result<Decoded> {
        match self {
            Self::Embedded { name, .. } => decoder::decode_embedded(name, bytes).map(Decoded::Image),
            Self::File { path, decoder, .. } => decoder.decode(path, bytes, buffer),
        }
    }

    /// The bytes of the file; none of a file that cannot be looked at.
    pub fn stored_bytes(&self) -> u64 {
        match self {
            Self::Embedded { bytes, .. } => bytes.len() as u64,
            Self::File { path, .. } => path.metadata().map_or(0, |metadata| metadata.len()),
        }
    }

    /// Where the file is; none if it is part of the program.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Embedded { .. } => None,
            Self::File { path, .. } => Some(path),
        }
    }

    /// The photograph as people know it.
    pub fn name(&self) -> &str {
        match self {
            Self::Embedded { name, .. } => name,
            Self::File { name, .. } => name,
        }
    }
}

impl std::fmt::Debug for EncodedImage {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded { name, bytes } => write!(f, "Embedded({name}, {} bytes)", bytes.len()),
            Self::File { path, .. } => write!(f, "File({})", path.display()),
        }
    }
}

/// Where the photographs of a run come from.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// The photographs of `fixtures/photos`, which are part of the program.
    BuiltIn,
    /// A user's files.
    Files {
        /// Which.
        listing: Listing,
        /// What reads them.
        decoder: Arc<FileDecoder>,
        /// Whether files that cannot be decoded are left out; otherwise the first ends everything.
        skip_bad_files: bool,
    },
}

impl ImageSource {
    /// Whether files that cannot be decoded are left out.
    pub fn skips_bad_files(&self) -> bool {
        matches!(self, Self::Files { skip_bad_files: true, .. })
    }

    /// The photographs in order, not yet decoded; at least one.
    ///
    /// # Errors
    /// As [`Listing::files`].
    pub fn encoded(&self) -> Result<Vec<EncodedImage>> {
        match self {
            Self::BuiltIn => Ok(built_in_photographs()),
            Self::Files { listing, decoder, .. } => {
                let file =
                    |ListedFile { name, path }| EncodedImage::File { name, path, decoder: decoder.clone() };
                Ok(listing.files()?.into_iter().map(file).collect())
            }
        }
    }
}

/// The photographs that are part of the program, in file-name order.
///
/// They are public domain or CC0; `fixtures/photos/README.md` says where each comes from.
pub fn built_in_photographs() -> Vec<EncodedImage> {
    macro_rules! photographs {
        ($($name:literal),* $(,)?) => {
            vec![$(EncodedImage::Embedded {
                name: $name,
                bytes: include_bytes!(concat!("../../fixtures/photos/", $name)),
            }),*]
        };
    }
    photographs![
        "astronaut.png",
        "astronaut_portrait.jpg",
        "camera.png",
        "chelsea.png",
        "coffee.png",
        "eagle_landscape.jpg",
        "eagle_portrait.jpg",
        "hubble_deep_field.jpg",
        "retina.jpg",
        "rocket.jpg",
        "rocket_portrait.png",
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_program_carries_about_ten_varied_photographs() {
        let decoded: Vec<_> = built_in_photographs().iter().map(|p| p.decode().unwrap()).collect();
        assert!(decoded.len() >= 10);
        assert!(decoded.iter().any(|image| image.width > image.height));
        assert!(decoded.iter().any(|image| image.width < image.height));
        let sides = decoded.iter().flat_map(|image| [image.width, image.height]);
        assert_eq!((sides.clone().min(), sides.max()), (Some(300), Some(2000)));
    }

    #[test]
    fn the_program_carries_exactly_the_photographs_of_the_fixtures_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
        let listing = Listing::Folder { folder, recursive: false };
        let decoder = FileDecoder::native();
        let on_disk = ImageSource::Files { listing, decoder, skip_bad_files: false }.encoded().unwrap();
        let built_in = ImageSource::BuiltIn.encoded().unwrap();
        let names = |images: &[EncodedImage]| images.iter().map(|i| i.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&on_disk), names(&built_in));
    }
}
