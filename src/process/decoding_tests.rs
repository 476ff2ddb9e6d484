use std::{fs, path::Path};

use image::RgbImage;
use tempfile::tempdir;

use super::*;
use crate::workload::FileDecoder;

fn png(folder: &Path, name: &str, width: u32, height: u32) -> EncodedImage {
    let path = folder.join(name);
    RgbImage::new(width, height).save(&path).unwrap();
    EncodedImage::File { name: name.into(), path, decoder: FileDecoder::native() }
}

/// The widths of the images in each group; 0 for a file that was left out.
fn groups(files: &[EncodedImage], range: Range<usize>, skip: bool) -> Result<Vec<Vec<usize>>> {
    let pool = threads(1)?;
    let buffers = Buffers::default();
    let mut decoding = Decoding::new(files, range.clone(), skip, &pool, &buffers);
    let (mut groups, mut next) = (Vec::new(), range.start);
    while let Some(group) = decoding.next_group()? {
        let width = |file: &OpenedFile| {
            assert_eq!((file.index, file.source.file.as_str()), (next, files[next].name()));
            next += 1;
            match &file.opened {
                Opened::Image(image) => image.width,
                Opened::Skipped(_) => 0,
                Opened::SixteenBit(error) => panic!("{error}"),
            }
        };
        groups.push(group.iter().map(width).collect());
    }
    assert_eq!(next, range.end);
    Ok(groups)
}

#[test]
fn files_are_decoded_in_order_and_in_groups_of_bounded_size() {
    let folder = tempdir().unwrap();
    let mut files: Vec<_> =
        (1..20).map(|width| png(folder.path(), &format!("{width}.png"), width, 2)).collect();
    // 48 MiB, the budget of one thread, so that it leaves no room for another.
    files.insert(3, png(folder.path(), "large.png", 4096, 4096));
    let found = groups(&files, 0..files.len(), false).unwrap();
    let expected: [&[usize]; 4] =
        [&[1, 2, 3], &[4096], &[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], &[16, 17, 18, 19]];
    assert_eq!(found, expected);
    assert_eq!(groups(&files, 5..7, false).unwrap(), [[5, 6]]);
    assert!(groups(&files, 5..5, false).unwrap().is_empty());
}

#[test]
fn a_bad_file_ends_everything_or_is_left_out() {
    let folder = tempdir().unwrap();
    let mut files = vec![png(folder.path(), "a.png", 4, 2), png(folder.path(), "b.png", 5, 2)];
    fs::write(folder.path().join("a.png"), b"").unwrap();
    let error = groups(&files, 0..2, false).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("a.png is empty"), "{error}");
    assert_eq!(groups(&files, 0..2, true).unwrap().concat(), [0, 5]);
    // A file that is gone is a bad one too.
    let path = folder.path().join("absent.png");
    files[1] = EncodedImage::File { name: "absent.png".into(), path, decoder: FileDecoder::native() };
    assert_eq!(groups(&files, 0..2, true).unwrap().concat(), [0, 0]);
}

#[test]
fn a_file_is_known_again_by_its_name_size_and_time() {
    let folder = tempdir().unwrap();
    let file = png(folder.path(), "a.png", 4, 2);
    let before = source(&file);
    assert_eq!(before.bytes, fs::metadata(folder.path().join("a.png")).unwrap().len());
    assert_eq!(source(&file), before);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    fs::File::options().write(true).open(folder.path().join("a.png")).unwrap().set_modified(later).unwrap();
    assert_ne!(source(&file), before);
}
