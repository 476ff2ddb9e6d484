use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use patchmark_results::InputError;

use super::*;

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).expect("an encoder writes to memory");
    bytes.into_inner()
}

fn textured(side: u32) -> DynamicImage {
    ImageBuffer::from_fn(side, side, |x, y| Rgb([(x * 37 % 256) as u8, (y * 91 % 256) as u8, (x * y) as u8]))
        .into()
}

fn decoded(bytes: &[u8]) -> DecodedImage {
    decode_embedded("picture", bytes).unwrap()
}

/// The message of an input error.
fn message(result: Result<DecodedImage>) -> String {
    let error = result.expect_err("a bad image must be refused");
    assert!(error.is::<InputError>(), "{error:?} must be an input error");
    error.to_string()
}

/// A loader that answers every file alike.
#[derive(Debug)]
struct Answering(fn() -> Result<Pixels, Unread>);

impl Loading for Answering {
    fn loader(&self) -> Loader {
        Loader::Pillow
    }

    fn load(&self, _: &Path, _: &[u8]) -> Result<Pixels, Unread> {
        (self.0)()
    }
}

/// What a file with these bytes becomes if its loader gives that answer.
fn answered(bytes: &[u8], answer: fn() -> Result<Pixels, Unread>) -> Result<DecodedImage> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.img");
    fs::write(&path, bytes).unwrap();
    FileDecoder::with(Box::new(Answering(answer))).decode_file(&path)
}

#[test]
fn what_the_native_decoder_is_sure_of_asks_nobody() {
    let image = textured(33);
    let found = answered(&png(image.clone()), || panic!("it was asked")).unwrap();
    assert_eq!((found.width, found.height), (33, 33));
    assert_eq!(found.rgb, image.into_rgb8().into_raw());
}

#[test]
fn what_it_is_not_sure_of_is_the_loaders() {
    let found = answered(b"GIF89a", || Ok(Pixels { width: 1, height: 2, rgb: vec![1, 2, 3, 4, 5, 6] }));
    assert_eq!(found.unwrap().rgb, [1, 2, 3, 4, 5, 6]);
    let wrong = answered(b"GIF89a", || Ok(Pixels { width: 2, height: 2, rgb: vec![0; 6] }));
    assert!(wrong.unwrap_err().to_string().contains("wrong number of pixels"));
}

#[test]
fn grey_is_replicated_and_alpha_dropped_unblended() {
    let grey = ImageBuffer::from_fn(2, 1, |x, _| Luma([10 + 200 * x as u8]));
    let grey_alpha = ImageBuffer::from_fn(2, 1, |x, _| LumaA([10 + 200 * x as u8, 3]));
    let rgba = ImageBuffer::from_fn(1, 1, |_, _| Rgba([9u8, 80, 200, 0]));
    assert_eq!(decoded(&png(grey)).rgb, [10, 10, 10, 210, 210, 210]);
    assert_eq!(decoded(&png(grey_alpha)).rgb, [10, 10, 10, 210, 210, 210]);
    assert_eq!(decoded(&png(rgba)).rgb, [9, 80, 200]);
}

#[test]
fn unsupported_damaged_and_too_large_files_are_told_apart() {
    let unsupported = || Err(Unread::Unsupported("no such format".into()));
    let damaged = || Err(Unread::Damaged("cut".into()));
    let text = message(answered(b"Dear diary, this is no photograph.", unsupported));
    assert!(text.contains("picture.img is not an image of a supported format"), "{text}");
    let text = message(answered(b"GIF89a", damaged));
    assert!(text.contains("picture.img is a damaged GIF: cut"), "{text}");
    let deep = png(ImageBuffer::from_pixel(1, 1, Luma([7u16])));
    assert!(message(answered(&deep, damaged)).contains("picture.img is a damaged PNG: cut"));
    // A JPEG of 12 bits, of which the header is enough.
    let twelve = b"\xFF\xD8\xFF\xC1\0\x0B\x0C\0\x01\0\x01\x01\x01\x11\0\xFF\xDA\0\x02";
    let text = message(answered(twelve, damaged));
    assert!(text.contains("12-bit JPEG, which is not supported: cut"), "{text}");
    let text = message(answered(&deep, || Err(Unread::SixteenBit)));
    assert!(text.contains("--decoder pillow"), "{text}");
    let text = message(answered(b"II*\0", || Err(Unread::TooLarge(70_000, 3))));
    assert!(text.contains("70000x3") && text.contains("limit"), "{text}");
    assert!(message(answered(b"", damaged)).contains("empty"));
}

#[test]
fn a_fault_of_python_is_no_fault_of_the_file() {
    let error = answered(b"GIF89a", || Err(Unread::Failed(anyhow::anyhow!("no torch")))).unwrap_err();
    assert!(!error.is::<InputError>());
    assert!(format!("{error:#}").contains("picture.img: no torch"), "{error:#}");
}

#[test]
fn a_header_that_claims_a_huge_size_is_refused_before_the_loader_sees_it() {
    let mut huge = png(textured(8));
    // The width in the header; its checksum is looked at after the size.
    huge[16..20].copy_from_slice(&100_000u32.to_be_bytes());
    let crc = crc(&huge[12..29]);
    huge[29..33].copy_from_slice(&crc.to_be_bytes());
    let text = message(answered(&huge, || panic!("it was asked")));
    assert!(text.contains("100000x8") && text.contains("use a smaller image"), "{text}");
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn a_missing_file_and_a_folder_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let decoder = FileDecoder::native();
    assert!(message(decoder.decode_file(&folder.path().join("absent.png"))).contains("absent.png"));
    assert!(message(decoder.decode_file(folder.path())).contains("is a folder"));
}
