//! PNG of up to 8 bits per channel, by the `image` crate. The format is lossless, so that what can differ is what
//! happens to alpha (dropped by both loaders), to metadata and to damage.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, codecs::png::PngDecoder};

use crate::{Doubt, Error, Loader, Native, Pixels, orientation};

/// The bytes before the first chunk.
const SIGNATURE: usize = 8;

/// The longest compressed chunk beside the pixels, in bytes, of which Pillow surely accepts what it expands to: at most
/// 1032 times as much, and Pillow refuses 1 MiB.
const MAX_COMPRESSED: usize = 1000;

/// As [`decode`](crate::decode).
pub(crate) fn decode(bytes: &[u8], loader: Loader, buffer: Vec<u8>) -> Result<Native, Error> {
    let chunks = match Chunks::parse(bytes, loader) {
        Ok(chunks) => chunks,
        Err(doubt) => return Ok(Native::Undecided(doubt)),
    };
    Error::check_size(chunks.width, chunks.height)?;
    Ok(match pixels(bytes, &chunks, buffer) {
        Ok(pixels) => Native::Pixels(pixels),
        Err(doubt) => Native::Undecided(doubt),
    })
}

/// As [`stored_size`](crate::stored_size).
pub(crate) fn stored_size(bytes: &[u8]) -> Option<(u32, u32)> {
    // Neither loader's doubts are about the size.
    Chunks::parse(bytes, Loader::Torchvision).ok().map(|chunks| (chunks.width, chunks.height))
}

fn pixels(bytes: &[u8], chunks: &Chunks<'_>, mut buffer: Vec<u8>) -> Result<Pixels, Doubt> {
    let turned = chunks.exif.map_or(Ok(None), orientation::read)?.unwrap_or(1);
    let failed = |error: image::ImageError| Doubt::Decoder(error.to_string());
    let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if (width, height) != (chunks.width, chunks.height) {
        return Err(Doubt::Structure("its header can be read in two ways"));
    }
    let (width, height) = (width as usize, height as usize);
    let rgb = if decoder.color_type() == image::ColorType::Rgb8 {
        buffer.clear();
        buffer.resize(width * height * 3, 0);
        decoder.read_image(&mut buffer).map_err(failed)?;
        buffer
    } else {
        DynamicImage::from_decoder(decoder).map_err(failed)?.into_rgb8().into_raw()
    };
    Ok(orientation::upright(Pixels { width, height, rgb }, turned))
}

/// What the chunks say without decoding.
struct Chunks<'a> {
    width: u32,
    height: u32,
    exif: Option<&'a [u8]>,
}

impl<'a> Chunks<'a> {
    /// Goes through all chunks.
    ///
    /// # Errors
    /// A doubt if the file is not put together as the standard has it, or the loaders may give other pixels.
    fn parse(bytes: &'a [u8], loader: Loader) -> Result<Self, Doubt> {
        let cut = || Doubt::Structure("it ends within a chunk");
        let mut rest = bytes.get(SIGNATURE..).ok_or_else(cut)?;
        let mut size = None;
        let mut exif = None;
        loop {
            let (head, after) = rest.split_at_checked(8).ok_or_else(cut)?;
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let (payload, after) = after.split_at_checked(length).ok_or_else(cut)?;
            let (checksum, after) = after.split_at_checked(4).ok_or_else(cut)?;
            // Pillow refuses a file for a checksum even of a chunk that it does not need; libpng goes on.
            if crc32fast::hash(&rest[4..8 + length]).to_be_bytes() != *checksum {
                return Err(Doubt::Structure("a chunk has a wrong checksum"));
            }
            rest = after;
            match (&head[4..], size) {
                (b"IHDR", None) => size = Some(Self::header(payload)?),
                (b"IHDR", Some(_)) | (_, None) => {
                    return Err(Doubt::Structure("its first chunk is not its only header"));
                }
                (b"eXIf", _) if exif.is_some() => return Err(Doubt::Structure("it has two EXIF blocks")),
                (b"eXIf", _) => exif = Some(payload),
                (b"acTL", _) => return Err(Doubt::Kind("an animated PNG")),
                (b"iTXt" | b"tEXt" | b"zTXt", _) if tells_orientation(&head[4..], payload) => {
                    return Err(Doubt::Kind("a PNG whose texts may tell an orientation"));
                }
                (b"iTXt" | b"zTXt" | b"iCCP", _) if loader == Loader::Pillow && length > MAX_COMPRESSED => {
                    return Err(Doubt::Kind("a PNG with a long compressed text or profile"));
                }
                (b"IEND", Some((width, height))) => return Ok(Self { width, height, exif }),
                _ => {}
            }
        }
    }

    /// Width and height.
    fn header(payload: &[u8]) -> Result<(u32, u32), Doubt> {
        let &[w0, w1, w2, w3, h0, h1, h2, h3, depth, ..] = payload else {
            return Err(Doubt::Structure("its header is cut"));
        };
        if depth > 8 {
            return Err(Doubt::Kind("a PNG of 16 bits per channel"));
        }
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        if width == 0 || height == 0 {
            return Err(Doubt::Structure("it has no pixels"));
        }
        Ok((width, height))
    }
}

/// Whether Pillow may take an orientation from this text: from XMP that speaks of one, or from EXIF data in hexadecimal
/// digits. What is compressed may speak of anything.
fn tells_orientation(kind: &[u8], text: &[u8]) -> bool {
    let (keyword, rest) = text.split_at(text.iter().position(|&byte| byte == 0).unwrap_or(text.len()));
    match keyword {
        b"XML:com.adobe.xmp" | b"xmp" => {
            // In an iTXt chunk, the byte after the keyword's end tells whether the rest is compressed.
            let plain = kind == b"tEXt" || kind == b"iTXt" && rest.get(1) == Some(&0);
            !plain || orientation::turned_by_xmp(rest)
        }
        _ => keyword.starts_with(b"Raw profile type") || keyword == b"exif",
    }
}
