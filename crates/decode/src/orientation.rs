//! The EXIF orientation: which way up a camera was held.

use exif::{In, Tag, Value};

use crate::{Doubt, Pixels};

/// The orientation in an EXIF block, 1 to 8, as the standard counts; none if the block does not hold one.
///
/// # Errors
/// A doubt if the block does not parse, or the value is of another type or range than the standard's. The loaders read
/// such blocks each in its own way.
pub(crate) fn read(block: &[u8]) -> Result<Option<u8>, Doubt> {
    let parsed = exif::Reader::new().read_raw(block.to_vec());
    let parsed = parsed.map_err(|_| Doubt::Structure("the EXIF block does not parse"))?;
    let mut fields =
        parsed.fields().filter(|field| field.tag == Tag::Orientation && field.ifd_num == In::PRIMARY);
    let Some(field) = fields.next() else { return Ok(None) };
    match (&field.value, fields.next()) {
        (Value::Short(values), None) if matches!(values.as_slice(), [1..=8]) => Ok(Some(values[0] as u8)),
        _ => Err(Doubt::Structure("the EXIF orientation is not one value from 1 to 8")),
    }
}

/// Whether an XMP text turns the image in Pillow, which looks for the first `tiff:Orientation="6` or `tiff:Orientation>6`
/// if there is no orientation in EXIF data. torchvision does not look.
pub(crate) fn turned_by_xmp(text: &[u8]) -> bool {
    const NAME: &[u8] = b"tiff:Orientation";
    let mut after = text.windows(NAME.len()).enumerate().filter(|(_, word)| *word == NAME);
    let value = after.find_map(|(at, _)| match text[at + NAME.len()..] {
        [b'=', b'"', digit @ b'0'..=b'9', ..] | [b'>', digit @ b'0'..=b'9', ..] => Some(digit),
        _ => None,
    });
    value.is_some_and(|digit| (b'2'..=b'8').contains(&digit))
}

/// Turns the image upright.
pub(crate) fn upright(pixels: Pixels, orientation: u8) -> Pixels {
    use image::{DynamicImage, RgbImage, metadata::Orientation};

    let Some(orientation) = Orientation::from_exif(orientation) else { return pixels };
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    let Some(image) = RgbImage::from_raw(width, height, pixels.rgb) else {
        unreachable!("the pixels of an image are as many as its sides say")
    };
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    let (width, height) = (image.width() as usize, image.height() as usize);
    Pixels { width, height, rgb: image.into_rgb8().into_raw() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_turns_by_its_first_orientation_as_pillow_finds_it() {
        for turned in [r#"<a tiff:Orientation="6">"#, "<tiff:Orientation>8</tiff:Orientation>"] {
            assert!(turned_by_xmp(turned.as_bytes()), "{turned}");
        }
        for upright in [
            r#"tiff:Orientation="1" tiff:Orientation="6""#,
            "<tiff:Orientation>9<",
            r#"exif:Orientation="6""#,
            "tiff:Orientation='6'",
            "tiff:Orientation=",
            "tiff:Orientation",
            "",
        ] {
            assert!(!turned_by_xmp(upright.as_bytes()), "{upright}");
        }
        assert!(turned_by_xmp(br#"tiff:Orientation tiff:Orientation="3"#));
    }
}
