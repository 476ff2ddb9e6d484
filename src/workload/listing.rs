//! Which files are processed: those of a folder, or a list.

use std::{
    cmp::Ordering,
    ffi::OsStr,
    fs::File,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use anyhow::Result;
use patchmark_decode::Format;
use patchmark_results::{input_error, text::plural};
use walkdir::{DirEntry, WalkDir};

/// The file name extensions of images.
const EXTENSIONS: [&str; 12] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "mpo"];

/// The files of a workload, before any is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Every image in a folder, in natural order of their names.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Whether folders inside it count too.
        recursive: bool,
    },
    /// These files, in this order, whatever their names are.
    List(Vec<PathBuf>),
}

/// A file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// The file as people know it: relative to the folder, or as the list gives it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Listing {
    /// The list of a text with one path per line, or of one with a NUL after each path, as `find -print0` writes it; at
    /// least one path.
    ///
    /// # Errors
    /// An input error if the list holds no path.
    pub fn of_text(text: &[u8]) -> Result<Self> {
        let separator = if text.contains(&0) { 0 } else { b'\n' };
        let lines = text.split(|byte| *byte == separator);
        // Windows ends lines with a carriage return too.
        let lines = lines.map(|line| line.strip_suffix(b"\r").filter(|_| separator != 0).unwrap_or(line));
        let paths: Vec<PathBuf> = lines.filter(|line| !line.is_empty()).map(path_of).collect();
        if paths.is_empty() {
            return Err(input_error!(
                "the list of images on stdin is empty; write one path per line, or a NUL after each path"
            ));
        }
        Ok(Self::List(paths))
    }

    /// The files in order; at least one.
    ///
    /// In a folder, a file is an image if its name ends as an image's does, in upper or lower case, whatever kind of image
    /// it holds, or if it begins as a JPEG, PNG, WebP or GIF does. Hidden files and folders are skipped: on external disks,
    /// macOS leaves a `._photo.jpg` next to each photograph, which is not an image.
    ///
    /// # Errors
    /// An input error if a folder cannot be read or holds no image.
    pub fn files(&self) -> Result<Vec<ListedFile>> {
        match self {
            Self::Folder { folder, recursive } => in_folder(folder, *recursive),
            Self::List(paths) => {
                let file =
                    |path: &PathBuf| ListedFile { name: path.display().to_string(), path: path.clone() };
                Ok(paths.iter().map(file).collect())
            }
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

fn in_folder(folder: &Path, recursive: bool) -> Result<Vec<ListedFile>> {
    let shown = folder.display();
    if folder.is_file() {
        return Err(input_error!(
            "{shown} is a file, not a folder; name the folder that holds the images, or give a list of files with \
             `--images -`"
        ));
    }
    let depth = if recursive { usize::MAX } else { 1 };
    let walk = WalkDir::new(folder).min_depth(1).max_depth(depth).follow_links(true);
    let (mut files, mut others) = (Vec::new(), 0);
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden_folder(entry)) {
        let entry = match entry {
            Ok(entry) => entry,
            // A link that leads nowhere is no image.
            Err(error) if is_dangling(&error) => {
                others += 1;
                continue;
            }
            Err(error) => return Err(unreadable(folder, &error)),
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path();
        if !is_hidden(&entry) && (has_image_extension(path) || begins_as_image(path)) {
            let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
            files.push(ListedFile { name, path: entry.into_path() });
        } else {
            others += 1;
        }
    }
    if files.is_empty() {
        let found = plural(others, "other file");
        let todo = if recursive {
            "put image files in it"
        } else {
            "put image files directly in it, or give --recursive"
        };
        return Err(input_error!("no image in {shown}: found {found}; {todo}"));
    }
    files.sort_by(|one, other| natural(&one.path, &other.path));
    Ok(files)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_hidden_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && is_hidden(entry)
}

fn is_dangling(error: &walkdir::Error) -> bool {
    let missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    error.depth() > 0 && error.io_error().is_some_and(missing)
}

fn unreadable(folder: &Path, error: &walkdir::Error) -> anyhow::Error {
    let path = error.path().unwrap_or(folder).display();
    match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => input_error!(
            "{path} is a link to {}, a folder around it, so the images have no end; remove the link",
            ancestor.display()
        ),
        (None, Some(error)) => {
            input_error!("cannot read the folder {path}: {error}; check the path and its permissions")
        }
        (None, None) => input_error!("cannot read the folder {path}: {error}"),
    }
}

/// Folder by folder, with numbers in names compared as numbers: `2.jpg` comes before `10.jpg`. Of two names that differ in
/// leading zeros only, the shorter comes first.
fn natural(one: &Path, other: &Path) -> Ordering {
    let mut parts = one.components().zip(other.components());
    let different = parts.find_map(|(one, other)| {
        let order = alphanumeric_sort::compare_os_str(one.as_os_str(), other.as_os_str());
        order.is_ne().then_some(order)
    });
    different.unwrap_or_else(|| one.cmp(other))
}

fn has_image_extension(path: &Path) -> bool {
    path.extension().is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Whether a file without an image's extension is one by its first bytes. Two of the formats begin with too few or too
/// common bytes to tell: those of BMP begin many files, and those of TIFF the raw files of cameras.
fn begins_as_image(path: &Path) -> bool {
    let mut start = Vec::new();
    // Only regular files: opening a pipe waits for its writer.
    let read =
        path.is_file() && File::open(path).and_then(|file| file.take(16).read_to_end(&mut start)).is_ok();
    // A file that cannot be read is another file.
    read && matches!(Format::of(&start), Some(Format::Jpeg | Format::Png | Format::WebP | Format::Gif))
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
