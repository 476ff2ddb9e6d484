//! How a file becomes pixels: natively where that is proved to give transformers' own, else by transformers itself.

use std::{fmt, fs, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use patchmark_decode::{Doubt, Error, Format, Loader, Native, Pixels};
use patchmark_results::input_error;

use super::DecodedImage;
use crate::guarded::guarded;

/// The largest file that is read: 512 MiB.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Reads the files that the native decoder leaves undecided.
pub trait Loading: fmt::Debug + Send + Sync {
    /// Whose pixels are right.
    fn loader(&self) -> Loader;

    /// The pixels of the file at `path`, which holds `bytes`.
    ///
    /// # Errors
    /// See [`Unread`].
    fn load(&self, path: &Path, bytes: &[u8]) -> Result<Pixels, Unread>;
}

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// No decoder knows this kind of file; the decoders' words.
    Unsupported(String),
    /// A decoder knows its kind, and failed; its words.
    Damaged(String),
    /// The image has so many pixels (width, height).
    TooLarge(u32, u32),
    /// The image has 16 bits per channel, and the loader keeps them.
    SixteenBit,
    /// The decoders could not be asked.
    Failed(anyhow::Error),
}

/// What a file was decoded to.
#[derive(Debug)]
pub enum Decoded {
    /// RGB with 8 bits per channel.
    Image(DecodedImage),
    /// Nothing: it has 16 bits per channel, which only transformers' own processors take. The error says so.
    SixteenBit(anyhow::Error),
}

/// Decodes files to 8-bit RGB.
#[derive(Debug)]
pub struct FileDecoder {
    loading: Option<Box<dyn Loading>>,
}

impl FileDecoder {
    /// A decoder that refuses files of which the native one is not sure.
    pub fn native() -> Arc<Self> {
        Arc::new(Self { loading: None })
    }

    /// A decoder with the pixels of `loading`, which is asked about every file of which the native one is not sure.
    pub fn with(loading: Box<dyn Loading>) -> Arc<Self> {
        Arc::new(Self { loading: Some(loading) })
    }

    /// Reads and decodes a file.
    ///
    /// # Errors
    /// An [`InputError`](patchmark_results::InputError) that names the file and tells whether it is missing, not an
    /// image, damaged, of an unsupported kind or too large; another error if Python cannot be asked.
    pub fn decode_file(&self, path: &Path) -> Result<DecodedImage> {
        self.decode_file_into(path, Vec::new())
    }

    /// As [`FileDecoder::decode_file`], into the buffer of an image that is no longer needed, which saves the system from
    /// clearing new memory; what it held is lost.
    ///
    /// # Errors
    /// As [`FileDecoder::decode_file`].
    pub fn decode_file_into(&self, path: &Path, buffer: Vec<u8>) -> Result<DecodedImage> {
        match self.decode(path, &read(path)?, buffer)? {
            Decoded::Image(image) => Ok(image),
            Decoded::SixteenBit(error) => Err(error),
        }
    }

    /// Decodes the file at `path`, which holds `bytes`, into such a buffer.
    ///
    /// # Errors
    /// As [`FileDecoder::decode_file`].
    pub fn decode(&self, path: &Path, bytes: &[u8], buffer: Vec<u8>) -> Result<Decoded> {
        let name = path.display().to_string();
        // Without another loader, what torchvision and Pillow agree about.
        let loader = self.loading.as_ref().map_or(Loader::Torchvision, |loading| loading.loader());
        // A panic of a library is a reason to ask the loader, as an error is.
        let native = guarded(|| patchmark_decode::decode(bytes, loader, buffer))
            .unwrap_or_else(|message| Ok(Native::Undecided(Doubt::Decoder(message))));
        match (native.map_err(|error| refused(&name, &error))?, &self.loading) {
            (Native::Pixels(pixels), _) => image(&name, pixels).map(Decoded::Image),
            (Native::Undecided(doubt), Some(loading)) => match loading.load(path, bytes) {
                Ok(pixels) => image(&name, pixels).map(Decoded::Image),
                Err(Unread::SixteenBit) => {
                    Ok(Decoded::SixteenBit(failed(&name, bytes, &doubt, Unread::SixteenBit)))
                }
                Err(unread) => Err(failed(&name, bytes, &doubt, unread)),
            },
            (Native::Undecided(doubt), None) => {
                bail!("{name} cannot be decoded without transformers: {doubt}")
            }
        }
    }

    /// Reads a file by its loader alone, whether or not the native decoder is sure of it: what [`FileDecoder::decode_file`] must
    /// equal.
    ///
    /// # Errors
    /// An input error if the loader does not read the file; another error if it cannot be asked, or if there is none.
    pub fn load_file(&self, path: &Path) -> Result<DecodedImage> {
        let name = path.display().to_string();
        let loading = self.loading.as_ref().with_context(|| format!("there is no loader for {name}"))?;
        let bytes = read(path)?;
        let loaded = loading.load(path, &bytes);
        image(&name, loaded.map_err(|unread| failed(&name, &bytes, &Doubt::Format, unread))?)
    }
}

/// Decodes an image that is part of the program, which needs no loader.
///
/// # Errors
/// If the image is not a JPEG or PNG of which the pixels are certain.
pub(super) fn decode_embedded(name: &str, bytes: &[u8]) -> Result<DecodedImage> {
    match patchmark_decode::decode_undamaged(bytes, Loader::Torchvision, Vec::new())? {
        Native::Pixels(pixels) => image(name, pixels),
        Native::Undecided(doubt) => bail!("{name} cannot be decoded without transformers: {doubt}"),
    }
}

/// The image with these pixels.
fn image(name: &str, pixels: Pixels) -> Result<DecodedImage> {
    DecodedImage::new(name, pixels.width, pixels.height, pixels.rgb)
        .with_context(|| format!("{name} was decoded to the wrong number of pixels"))
}

/// The bytes of a regular file that may be an image.
///
/// # Errors
/// An input error that names the file, if it cannot be read, is not a file or is too large.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let name = path.display();
    let unreadable = |error: std::io::Error| {
        input_error!("cannot read {name}: {error}; check the path and its permissions")
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(input_error!("{name} is a folder, not an image; name an image file"));
    }
    if !metadata.is_file() {
        return Err(input_error!("{name} is not a regular file; name an image file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        let (size, limit) = (metadata.len() >> 20, MAX_FILE_BYTES >> 20);
        return Err(input_error!("{name} is {size} MiB, over the limit of {limit} MiB; use a smaller image"));
    }
    fs::read(path).map_err(unreadable)
}

/// The message for a file that no decoder is asked to read.
fn refused(name: &str, error: &Error) -> anyhow::Error {
    match error {
        Error::Empty => input_error!("{name} is empty (0 bytes); copy or download it again"),
        Error::TooLarge { .. } => input_error!("{name}: {error}; use a smaller image"),
        Error::TooManyScans { .. } => input_error!("{name}: {error}; export it again"),
    }
}

/// The message for a file that its loader did not read.
fn failed(name: &str, bytes: &[u8], doubt: &Doubt, unread: Unread) -> anyhow::Error {
    match (unread, Format::of(bytes)) {
        (Unread::Failed(error), _) => error.context(format!("failed to decode {name}")),
        (Unread::TooLarge(width, height), _) => refused(name, &Error::TooLarge { width, height }),
        (Unread::SixteenBit, _) => input_error!(
            "{name} has 16 bits per channel: transformers keeps them when it reads the file with torchvision, and \
             computes values up to 257 times too large. Convert it to 8 bits, use --decoder pillow, or take those values \
             from `process --processor hf`"
        ),
        (Unread::Unsupported(reason) | Unread::Damaged(reason), Some(_))
            if matches!(doubt, Doubt::Unsupported(_)) =>
        {
            input_error!(
                "{name} is {doubt}, which is not supported: {reason}; convert it to an 8-bit JPEG or PNG"
            )
        }
        (Unread::Unsupported(reason) | Unread::Damaged(reason), Some(format)) => {
            input_error!("{name} is a damaged {}: {reason}; copy, download or export it again", format.name())
        }
        (Unread::Damaged(reason), None) => {
            input_error!("{name} is damaged: {reason}; copy, download or export it again")
        }
        (Unread::Unsupported(reason), None) => {
            input_error!(
                "{name} is not an image of a supported format: {reason}; remove it, or convert it to JPEG or PNG"
            )
        }
    }
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
