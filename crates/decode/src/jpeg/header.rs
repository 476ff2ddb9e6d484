//! The segments of a JPEG before its first scan.

use crate::{Doubt, Loader, orientation};

/// What precedes the payload of an EXIF segment.
const EXIF: &[u8] = b"Exif\0\0";
/// What precedes the payload of a segment of XMP, and of its extensions.
const ADOBE: &[u8] = b"http://ns.adobe.com/";

/// What the segments before the first scan say.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// Pixels in a row; at least 1.
    pub width: u16,
    /// Rows; at least 1.
    pub height: u16,
    frame: Frame,
    /// The sampling factors (horizontal, vertical) of each component.
    sampling: Vec<(u8, u8)>,
    exif: Option<&'a [u8]>,
    /// Whether an XMP block turns the image.
    xmp_orientation: bool,
    /// What follows the header of the first scan.
    data: &'a [u8],
}

/// The kind of a frame, as its marker and precision tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Eight bits, sequential or progressive, Huffman.
    Huffman,
    /// The same with arithmetic coding.
    Arithmetic,
    /// Lossless, hierarchical, or of another precision.
    Other,
}

impl<'a> Header<'a> {
    /// Goes through the segments up to the first scan.
    ///
    /// # Errors
    /// A doubt if they are not put together as the standard has it.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Doubt> {
        let damaged = Doubt::Structure;
        let mut segments = Segments { rest: bytes.get(2..).unwrap_or_default() };
        let mut frame = None;
        let mut exif = None;
        let mut xmp_orientation = false;
        let mut other_first = false;
        loop {
            let (marker, payload) = segments.next()?;
            match marker {
                // The frame; 0xC4, 0xC8 and 0xCC are not frames.
                0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    if frame.replace((marker, payload)).is_some() {
                        return Err(damaged("it has two frames"));
                    }
                }
                0xDA => break,
                0xE1 if payload.starts_with(EXIF) => {
                    // torchvision looks at the first segment of this marker alone, Pillow joins the blocks.
                    if other_first || exif.replace(&payload[EXIF.len()..]).is_some() {
                        return Err(damaged("it has two EXIF blocks, or one that comes late"));
                    }
                }
                // torchvision takes data of any name for EXIF; none of Adobe's names looks like it.
                0xE1 if !payload.starts_with(ADOBE) => {
                    return Err(damaged("it has data of an unknown kind where EXIF and XMP are"));
                }
                0xE1 => {
                    other_first |= exif.is_none();
                    xmp_orientation |= orientation::turned_by_xmp(payload);
                }
                // Huffman, arithmetic and quantisation tables, restart interval, applications' data, comment.
                0xC4 | 0xCC | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE => {}
                _ => return Err(damaged("it has an unusual segment before its first scan")),
            }
        }
        let (marker, payload) = frame.ok_or(damaged("it has a scan before a frame"))?;
        let &[precision, h0, h1, w0, w1, components, ref sampling @ ..] = payload else {
            return Err(damaged("its frame is cut"));
        };
        let sampling: Vec<_> = sampling.chunks_exact(3).map(|each| (each[1] >> 4, each[1] & 15)).collect();
        let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
        if sampling.len() != usize::from(components) || sampling.is_empty() {
            return Err(damaged("its frame has another length than its components need"));
        }
        if width == 0 || height == 0 {
            return Err(damaged("its frame does not tell its size"));
        }
        let frame = match (precision, marker) {
            (8, 0xC0..=0xC2) => Frame::Huffman,
            (8, 0xC9 | 0xCA) => Frame::Arithmetic,
            _ => Frame::Other,
        };
        Ok(Self { width, height, frame, sampling, exif, xmp_orientation, data: segments.rest })
    }

    /// The number of scans up to the end of the image, counted without decoding.
    pub(super) fn scans(&self) -> u32 {
        let mut rest = self.data;
        let mut scans = 1;
        while let Some(at) = memchr::memchr(0xFF, rest) {
            rest = match rest.get(at + 1..) {
                // The end of the image, or of the file.
                None | Some([] | [0xD9, ..]) => break,
                Some([0xFF, ..]) => &rest[at + 1..],
                // A stuffed byte of the compressed data, or a marker without a length.
                Some([0x00 | 0x01 | 0xD0..=0xD8, after @ ..]) => after,
                Some([marker, high, low, ..]) => {
                    scans += u32::from(*marker == 0xDA);
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    rest.get(at + 2 + length..).unwrap_or_default()
                }
                Some(_) => break,
            };
        }
        scans
    }

    /// Refuses kinds of JPEG of which `loader` may give other pixels than libjpeg-turbo as it is used here.
    pub(super) fn doubt(&self, loader: Loader) -> Result<(), Doubt> {
        match self.frame {
            Frame::Huffman => {}
            // Releases of libjpeg-turbo read damaged ones differently, some without a warning.
            Frame::Arithmetic => return Err(Doubt::Kind("a JPEG with arithmetic coding")),
            Frame::Other => return Err(Doubt::Unsupported("a lossless, hierarchical or 12-bit JPEG")),
        }
        if !matches!(self.sampling.len(), 1 | 3) {
            return Err(Doubt::Kind("a JPEG with two, four or more components (CMYK)"));
        }
        // The libjpeg-turbo in torchvision's wheels repeats such rows; later ones interpolate between them.
        if loader == Loader::Torchvision && self.has_half_height_component() {
            return Err(Doubt::Kind("a JPEG with a component of full width and half height (4:4:0)"));
        }
        Ok(())
    }

    fn has_half_height_component(&self) -> bool {
        let most = |side: fn(&(u8, u8)) -> u8| self.sampling.iter().map(side).max().unwrap_or(1);
        let (widest, tallest) = (most(|each| each.0), most(|each| each.1));
        self.sampling.iter().any(|&(width, height)| width == widest && 2 * height == tallest)
    }

    /// The EXIF orientation; 1, upright, if there is none.
    ///
    /// # Errors
    /// A doubt if the loaders may read another one.
    pub(super) fn orientation(&self) -> Result<u8, Doubt> {
        let read = self.exif.map_or(Ok(None), orientation::read)?;
        match read {
            Some(orientation) => Ok(orientation),
            None if self.xmp_orientation => Err(Doubt::Kind("a JPEG whose XMP block tells an orientation")),
            None => Ok(1),
        }
    }
}

/// The segments that are left.
struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    /// The next marker and its payload, without the length.
    fn next(&mut self) -> Result<(u8, &'a [u8]), Doubt> {
        let cut = Doubt::Structure("it ends before its first scan");
        let [0xFF, rest @ ..] = self.rest else {
            return Err(Doubt::Structure("it has bytes between its segments"));
        };
        // Any number of fill bytes may precede a marker.
        let fill = rest.iter().take_while(|&&byte| byte == 0xFF).count();
        let [marker, high, low, rest @ ..] = &rest[fill..] else { return Err(cut) };
        if matches!(marker, 0x00 | 0x01 | 0xD0..=0xD9) {
            return Err(Doubt::Structure("it has a marker without a length before its first scan"));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(length) = length.checked_sub(2) else {
            return Err(Doubt::Structure("it has a segment without a length"));
        };
        let (payload, rest) = rest.split_at_checked(length).ok_or(cut)?;
        self.rest = rest;
        Ok((*marker, payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, decode_undamaged};

    /// A grey JPEG of 8×8 with that many scans, of which none can be decoded.
    fn jpeg(scans: usize) -> Vec<u8> {
        let frame = b"\xFF\xC2\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0";
        // Compressed data with a stuffed byte and a restart marker, and a comment that holds a start of scan.
        let scan = b"\xFF\xDA\0\x08\x01\x01\0\0\0\0\x12\xFF\0\x34\xFF\xD0\x56\xFF\xFE\0\x06\xFF\xDA\0\0";
        [b"\xFF\xD8", frame.as_slice(), &scan.repeat(scans), b"\xFF\xD9\xFF\xDA\0\x02"].concat()
    }

    #[test]
    fn scans_are_counted_to_the_end_of_the_image() {
        for scans in [1, 2, 30] {
            assert_eq!(Header::parse(&jpeg(scans)).unwrap().scans(), scans as u32);
        }
        let cut = jpeg(3);
        for length in 30..cut.len() {
            assert!(Header::parse(&cut[..length]).unwrap().scans() <= 3);
        }
    }

    #[test]
    fn a_file_with_more_scans_than_any_encoder_writes_is_refused() {
        let refused = decode_undamaged(&jpeg(501), Loader::Pillow, Vec::new());
        assert_eq!(refused, Err(Error::TooManyScans { scans: 501, width: 8, height: 8 }));
        assert!(decode_undamaged(&jpeg(500), Loader::Pillow, Vec::new()).is_ok());
    }
}
