use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use patchmark_results::InputError;

use super::*;

fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).expect("an encoder writes to memory");
    bytes.into_inner()
}

fn textured(side: u32) -> DynamicImage {
    ImageBuffer::from_fn(side, side, |x, y| Rgb([(x * 37 % 256) as u8, (y * 91 % 256) as u8, (x * y) as u8]))
        .into()
}

/// The message of a refusal, which must be an input error that names the image.
fn refusal(bytes: &[u8]) -> String {
    let error = decode_bytes("picture.jpg", bytes).expect_err("a bad image must be refused");
    assert!(error.is::<InputError>(), "{error:?} must be an input error");
    let message = error.to_string();
    assert!(message.contains("picture.jpg"), "{message}");
    message
}

/// A PNG chunk with its checksum.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let mut crc = u32::MAX;
    for &byte in &body {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    [&(data.len() as u32).to_be_bytes(), body.as_slice(), &(!crc).to_be_bytes()].concat()
}

/// The signature and chunks of a PNG, with `ihdr` = (width, height, bit depth, colour type).
fn png((width, height, depth, colour): (u32, u32, u8, u8), chunks: &[Vec<u8>]) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let ihdr = chunk(b"IHDR", &[size.as_slice(), &[depth, colour, 0, 0, 0]].concat());
    [b"\x89PNG\r\n\x1a\n".as_slice(), &ihdr, &chunks.concat(), &chunk(b"IEND", b"")].concat()
}

#[test]
fn text_called_jpg_is_refused() {
    assert!(refusal(b"Dear diary, this is no photograph.").contains("not an image"));
}

#[test]
fn an_empty_file_is_refused() {
    assert!(refusal(b"").contains("empty"));
}

#[test]
fn another_format_is_named_and_refused() {
    assert!(refusal(b"GIF89a\x01\x00\x01\x00").contains("Gif"));
}

#[test]
fn a_jpeg_cut_anywhere_is_refused() {
    let whole = encode(textured(64), ImageFormat::Jpeg);
    assert!(decode_bytes("whole", &whole).is_ok());
    for kept in [3, 20, whole.len() / 4, whole.len() / 2, whole.len() - 40, whole.len() - 2, whole.len() - 1]
    {
        refusal(&whole[..kept]);
    }
    assert!(refusal(&whole[..whole.len() / 2 + 200]).contains("truncated"));
}

#[test]
fn the_end_marker_of_a_thumbnail_does_not_hide_a_cut() {
    let whole = encode(textured(64), ImageFormat::Jpeg);
    let thumbnail = encode(textured(8), ImageFormat::Jpeg);
    let length = (thumbnail.len() as u16 + 2).to_be_bytes();
    let with = [&whole[..2], &[0xFF, 0xE1], &length, &thumbnail, &whole[2..]].concat();
    assert!(decode_bytes("whole", &with).is_ok());
    assert!(refusal(&with[..with.len() - 100]).contains("truncated"));
}

#[test]
fn bytes_after_the_end_of_a_jpeg_are_harmless() {
    let mut bytes = encode(textured(32), ImageFormat::Jpeg);
    let expected = decode_bytes("a", &bytes).unwrap();
    bytes.extend_from_slice(b"a trailer of the phone's maker");
    assert_eq!(decode_bytes("a", &bytes).unwrap(), expected);
}

#[test]
fn the_exif_rotation_is_not_applied() {
    let wide: DynamicImage = ImageBuffer::from_fn(16, 8, |x, _| Rgb([x as u8 * 16; 3])).into();
    let whole = encode(wide, ImageFormat::Jpeg);
    // One big-endian entry: tag 0x0112 (orientation), type short, one value, 6 (turn by 90°).
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let rotated = decode_bytes("a", &[&whole[..2], exif, &whole[2..]].concat()).unwrap();
    assert_eq!((rotated.width, rotated.height), (16, 8));
    assert_eq!(rotated, decode_bytes("a", &whole).unwrap());
}

#[test]
fn a_png_cut_short_is_refused() {
    let whole = encode(textured(64), ImageFormat::Png);
    for kept in [9, 20, 40, whole.len() / 2, whole.len() - 40] {
        refusal(&whole[..kept]);
    }
    assert!(refusal(&whole[..whole.len() / 2]).contains("truncated"));
}

#[test]
fn a_png_that_claims_a_huge_size_is_refused_by_its_header() {
    for (width, height, colour) in [(100_000, 100_000, 2), (40_000, 1, 0), (20_000, 20_000, 0)] {
        let message = refusal(&png((width, height, 8, colour), &[chunk(b"IDAT", b"\x78\x9c\x03\x00")]));
        assert!(message.contains(&format!("{width}x{height}")), "{message}");
        assert!(message.contains("limit") && message.contains("smaller"), "{message}");
    }
}

#[test]
fn damaged_data_is_refused() {
    let mut bytes = encode(textured(64), ImageFormat::Png);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    assert!(refusal(&bytes).contains("damaged"));
}

#[test]
fn rgb_survives_unchanged() {
    let image = textured(33);
    let decoded = decode_bytes("a", &encode(image.clone(), ImageFormat::Png)).unwrap();
    assert_eq!((decoded.width, decoded.height), (33, 33));
    assert_eq!(decoded.rgb, image.into_rgb8().into_raw());
}

#[test]
fn grey_is_replicated_and_alpha_dropped_unblended() {
    let grey = ImageBuffer::from_fn(2, 1, |x, _| Luma([10 + 200 * x as u8]));
    let grey_alpha = ImageBuffer::from_fn(2, 1, |x, _| LumaA([10 + 200 * x as u8, 3]));
    let rgba = ImageBuffer::from_fn(1, 1, |_, _| Rgba([9u8, 80, 200, 0]));
    let rgb_of = |bytes: Vec<u8>| decode_bytes("a", &bytes).unwrap().rgb;
    assert_eq!(rgb_of(encode(grey.clone(), ImageFormat::Png)), [10, 10, 10, 210, 210, 210]);
    assert_eq!(rgb_of(encode(grey_alpha, ImageFormat::Png)), [10, 10, 10, 210, 210, 210]);
    assert_eq!(rgb_of(encode(rgba, ImageFormat::Png)), [9, 80, 200]);
    assert_eq!(decode_bytes("a", &encode(grey, ImageFormat::Jpeg)).unwrap().rgb.len(), 6);
}

#[test]
fn sixteen_bits_keep_the_high_byte() {
    // 0x12FF rounds to 0x13; PIL keeps 0x12.
    let grey = ImageBuffer::from_fn(1, 1, |_, _| Luma([0x12FFu16]));
    let grey_alpha = ImageBuffer::from_fn(1, 1, |_, _| LumaA([0x12FFu16, 0]));
    let rgb = ImageBuffer::from_fn(1, 1, |_, _| Rgb([0x12FFu16, 0x00FF, 0xFE00]));
    let rgba = ImageBuffer::from_fn(1, 1, |_, _| Rgba([0x12FFu16, 0x00FF, 0xFE00, 7]));
    let rgb_of = |image: DynamicImage| decode_bytes("a", &encode(image, ImageFormat::Png)).unwrap().rgb;
    assert_eq!(rgb_of(grey.into()), [0x12; 3]);
    assert_eq!(rgb_of(grey_alpha.into()), [0x12; 3]);
    assert_eq!(rgb_of(rgb.into()), [0x12, 0, 0xFE]);
    assert_eq!(rgb_of(rgba.into()), [0x12, 0, 0xFE]);
}

#[test]
fn a_palette_is_looked_up() {
    // One stored deflate block of three bytes: the filter type, then pixels 1 and 0.
    let data = [0x78, 0x01, 1, 3, 0, 0xFC, 0xFF, 0, 1, 0, 0x00, 0x05, 0x00, 0x02];
    let chunks = [chunk(b"PLTE", &[1, 2, 3, 40, 50, 60]), chunk(b"tRNS", &[0, 128]), chunk(b"IDAT", &data)];
    let decoded = decode_bytes("a", &png((2, 1, 8, 3), &chunks)).unwrap();
    assert_eq!(decoded.rgb, [40, 50, 60, 1, 2, 3]);
}

#[test]
fn a_missing_file_and_a_folder_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = decode_file(&folder.path().join("absent.png")).unwrap_err();
    assert!(missing.is::<InputError>() && missing.to_string().contains("absent.png"));
    let directory = decode_file(folder.path()).unwrap_err();
    assert!(directory.is::<InputError>() && directory.to_string().contains("is a folder"));
}

#[test]
fn a_jpeg_on_which_the_decoder_panics_is_refused() {
    refusal(include_bytes!("../../fuzz/seeds/images/odd-sampling.jpg"));
}
