use std::path::Path;

use image::{Rgb, RgbImage};
use patchmark_decode::{Loader, Pixels};

use super::*;
use crate::workload::{FileDecoder, ImageSource, Listing, Loading, Sizes, Unread};

/// A loader that reads every file as these pixels, or refuses it.
#[derive(Debug)]
struct Answering(fn() -> Result<Pixels, Unread>);

impl Loading for Answering {
    fn loader(&self) -> Loader {
        Loader::Torchvision
    }

    fn load(&self, _: &Path, _: &[u8]) -> Result<Pixels, Unread> {
        (self.0)()
    }
}

/// Two grey PNG files of 2×1 pixels, `a` of level 10 and `b` of level 20, whose loader gives that answer.
fn found(answer: fn() -> Result<Pixels, Unread>) -> Result<Option<DecodingParity>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, level) in [("a.png", 10), ("b.png", 20)] {
        RgbImage::from_pixel(2, 1, Rgb([level; 3])).save(folder.path().join(name)).unwrap();
    }
    let decoder = FileDecoder::with(Box::new(Answering(answer)));
    let listing = Listing::Folder { folder: folder.path().to_owned(), recursive: false };
    let source = ImageSource::Files { listing, decoder, skip_bad_files: false };
    let workload = Workload::load_all(&source, &Sizes::mixed()).unwrap().remove(0);
    check_files(&workload, |_| true)
}

fn pixels(width: usize, height: usize, rgb: &[u8]) -> Pixels {
    Pixels { width, height, rgb: rgb.to_vec() }
}

#[test]
fn a_file_with_other_pixels_is_named_with_what_differs() {
    // Equal to `a`; the native decoder reads `b` as 20.
    let found = found(|| Ok(pixels(2, 1, &[10, 10, 10, 10, 10, 10]))).unwrap().unwrap();
    assert_eq!((found.files, found.equal), (2, 1));
    let [b] = found.differing.as_slice() else { panic!("{found:?}") };
    assert!(b.file.ends_with("b.png") && b.detail.is_empty(), "{b:?}");
    assert_eq!((b.differing, b.values, b.worst), (6, 6, Some(10)));
}

#[test]
fn only_values_that_differ_are_counted() {
    let found = found(|| Ok(pixels(2, 1, &[10, 13, 10, 10, 10, 9]))).unwrap().unwrap();
    assert_eq!((found.files, found.equal), (2, 0));
    assert_eq!((found.differing[0].differing, found.differing[0].worst), (2, Some(3)));
}

#[test]
fn another_size_and_a_refusal_are_differences() {
    let turned = found(|| Ok(pixels(1, 2, &[10; 6]))).unwrap().unwrap();
    assert_eq!((turned.equal, turned.differing.len()), (0, 2));
    let first = &turned.differing[0];
    assert_eq!((first.differing, first.worst), (6, None));
    assert!(first.detail.contains("2x1 px") && first.detail.contains("1x2 px"), "{}", first.detail);

    let refused = found(|| Err(Unread::Damaged("it has no pixels".into()))).unwrap().unwrap();
    assert!(refused.differing[0].detail.contains("does not read it") && refused.equal == 0, "{refused:?}");
}

#[test]
fn a_loader_that_cannot_be_asked_is_an_error() {
    let error = found(|| Err(Unread::Failed(anyhow::anyhow!("no Python")))).unwrap_err();
    assert!(!error.is::<InputError>() && format!("{error:#}").contains("no Python"), "{error:#}");
}

#[test]
fn built_in_photographs_are_not_files() {
    let workload = Workload::load_all(&ImageSource::BuiltIn, &Sizes::mixed()).unwrap().remove(0);
    assert_eq!(check_files(&workload, |_| panic!("nothing is compared")).unwrap(), None);
}

#[test]
fn an_interrupt_ends_the_comparison_after_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        RgbImage::from_pixel(2, 1, Rgb([10; 3])).save(folder.path().join(name)).unwrap();
    }
    let decoder = FileDecoder::with(Box::new(Answering(|| Ok(pixels(2, 1, &[10; 6])))));
    let listing = Listing::Folder { folder: folder.path().to_owned(), recursive: false };
    let source = ImageSource::Files { listing, decoder, skip_bad_files: false };
    let workload = Workload::load_all(&source, &Sizes::mixed()).unwrap().remove(0);
    let found = check_files(&workload, |done| done < 1).unwrap().unwrap();
    assert_eq!((found.files, found.equal), (1, 1));
}
