//! Where photographs come from: the ones built in, or a user's folder.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use patchmark_decode::Format;
use patchmark_results::input_error;

use super::{DecodedImage, FileDecoder, decoder::decode_embedded};

/// The file name extensions of images.
const EXTENSIONS: [&str; 12] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "mpo"];

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
            Self::Embedded { name, bytes } => decode_embedded(name, bytes),
            Self::File { path, decoder } => decoder.decode_file(path),
        }
    }

    /// The file's name without its folder.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Embedded { name, .. } => Cow::Borrowed(name),
            Self::File { path, .. } => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
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
    /// Every image directly in a folder.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What reads its files.
        decoder: Arc<FileDecoder>,
        /// Whether files that cannot be decoded are left out; otherwise the first ends everything.
        skip_bad_files: bool,
    },
}

impl ImageSource {
    /// Whether files that cannot be decoded are left out.
    pub(super) fn skips_bad_files(&self) -> bool {
        matches!(self, Self::Folder { skip_bad_files: true, .. })
    }

    /// The photographs in file-name order, not yet decoded; at least one.
    ///
    /// # Errors
    /// As [`list_images`].
    pub fn encoded(&self) -> Result<Vec<EncodedImage>> {
        match self {
            Self::BuiltIn => Ok(built_in_photographs()),
            Self::Folder { folder, decoder, .. } => {
                let file = |path| EncodedImage::File { path, decoder: decoder.clone() };
                Ok(list_images(folder)?.into_iter().map(file).collect())
            }
        }
    }
}

/// The image files directly in `folder`, in file-name order; at least one.
///
/// A file is an image if its name ends as an image's does, in upper or lower case, whatever kind of image it holds, or
/// if it begins as a JPEG, PNG, WebP or GIF does. Hidden files are skipped: on external disks, macOS leaves a
/// `._photo.jpg` next to each photograph, which is not an image.
pub fn list_images(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    if folder.is_file() {
        return Err(input_error!("{shown} is a file, not a folder; name the folder that holds the images"));
    }
    let unreadable = |error: std::io::Error| {
        input_error!("cannot read the folder {shown}: {error}; check the path and its permissions")
    };
    let mut images = Vec::new();
    let mut others = 0;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            continue;
        }
        if !is_hidden(&path) && (has_image_extension(&path) || begins_as_image(&path)) {
            images.push(path);
        } else {
            others += 1;
        }
    }
    if images.is_empty() {
        let files = if others == 1 { "file" } else { "files" };
        return Err(input_error!(
            "no image in {shown}: found {others} other {files}; put image files directly in it"
        ));
    }
    images.sort();
    Ok(images)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn has_image_extension(path: &Path) -> bool {
    path.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Whether a file without an image's extension is one by its first bytes. Two of the formats begin with too few or too
/// common bytes to tell: those of BMP begin many files, and those of TIFF the raw files of cameras.
fn begins_as_image(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
    // A file that cannot be read is another file.
    read.is_ok()
        && matches!(Format::of(&start), Some(Format::Jpeg | Format::Png | Format::WebP | Format::Gif))
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
    use super::*;
    use patchmark_results::InputError;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        folder
    }

    fn refusal(folder: &Path) -> String {
        let error = list_images(folder).expect_err("must be refused");
        assert!(error.is::<InputError>());
        error.to_string()
    }

    #[test]
    fn images_are_listed_in_name_order_whatever_the_case_of_the_extension() {
        let folder = folder_with(&["c.JPG", "a.png", "b.Jpeg", "notes.txt", "._a.png", "png"]);
        fs::create_dir(folder.path().join("album.jpg")).unwrap();
        fs::write(folder.path().join("album.jpg/inner.png"), b"x").unwrap();
        let names: Vec<_> = list_images(folder.path())
            .unwrap()
            .into_iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a.png", "b.Jpeg", "c.JPG"]);
    }

    #[test]
    fn a_file_is_an_image_by_its_extension_or_by_its_first_bytes() {
        let folder = folder_with(&["a.jfif", "b.webp", "c.TIF", "notes.txt", "data"]);
        let starts: [(&str, &[u8]); 4] = [
            ("d.bin", b"\xFF\xD8\xFF\xE0"),
            ("e", b"\x89PNG\r\n\x1A\n"),
            ("f.part", b"GIF89a"),
            // The raw file of a camera begins as a TIFF does.
            ("g.nef", b"MM\0*\0\0\0\x08"),
        ];
        for (name, bytes) in starts {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let listed = list_images(folder.path()).unwrap();
        let names: Vec<_> = listed.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.jfif", "b.webp", "c.TIF", "d.bin", "e", "f.part"]);
    }

    #[test]
    fn a_folder_without_images_says_what_was_found() {
        assert!(refusal(folder_with(&["a.txt", "b.cr2"]).path()).contains("found 2 other files"));
        assert!(refusal(folder_with(&[]).path()).contains("found 0 other files"));
        assert!(refusal(folder_with(&["a.txt"]).path()).contains("found 1 other file;"));
    }

    #[test]
    fn a_missing_folder_and_a_file_are_refused_by_name() {
        let folder = folder_with(&["a.png"]);
        assert!(refusal(&folder.path().join("absent")).contains("absent"));
        assert!(refusal(&folder.path().join("a.png")).contains("is a file, not a folder"));
    }

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
        let decoder = FileDecoder::native();
        let on_disk = ImageSource::Folder { folder, decoder, skip_bad_files: false }.encoded().unwrap();
        let built_in = ImageSource::BuiltIn.encoded().unwrap();
        let names =
            |images: &[EncodedImage]| images.iter().map(|i| i.name().into_owned()).collect::<Vec<_>>();
        assert_eq!(names(&on_disk), names(&built_in));
    }
}
