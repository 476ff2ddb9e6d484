use std::fs;

use patchmark_results::InputError;
use tempfile::{TempDir, tempdir};

use super::*;

fn folder_with(names: &[&str]) -> TempDir {
    let folder = tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"x").unwrap();
    }
    folder
}

fn listed(folder: &Path, recursive: bool) -> Result<Vec<String>> {
    let listing = Listing::Folder { folder: folder.to_owned(), recursive };
    Ok(listing.files()?.into_iter().map(|file| file.name).collect())
}

fn refusal(folder: &Path) -> String {
    let error = listed(folder, false).expect_err("must be refused");
    assert!(error.is::<InputError>());
    error.to_string()
}

#[test]
fn images_are_listed_in_name_order_whatever_the_case_of_the_extension() {
    let folder =
        folder_with(&["c.JPG", "a.png", "b.Jpeg", "notes.txt", "._a.png", "png", "album.jpg/inner.png"]);
    assert_eq!(listed(folder.path(), false).unwrap(), ["a.png", "b.Jpeg", "c.JPG"]);
}

#[test]
fn numbers_in_names_are_in_the_order_of_their_values() {
    let folder = folder_with(&["10.jpg", "2.jpg", "01.jpg", "1.jpg", "a10b2.jpg", "a9b10.jpg", "a10b10.jpg"]);
    let names = listed(folder.path(), false).unwrap();
    assert_eq!(names, ["1.jpg", "01.jpg", "2.jpg", "10.jpg", "a9b10.jpg", "a10b2.jpg", "a10b10.jpg"]);
}

#[test]
fn folders_inside_count_if_asked_for_and_stay_together() {
    let folder =
        folder_with(&["b.jpg", "a/2.jpg", "a/10.jpg", "a-b/1.jpg", "a/.hidden/3.jpg", "c/notes.txt"]);
    assert_eq!(listed(folder.path(), false).unwrap(), ["b.jpg"]);
    let all = listed(folder.path(), true).unwrap();
    assert_eq!(all, ["a/2.jpg", "a/10.jpg", "a-b/1.jpg", "b.jpg"]);
}

#[test]
fn links_are_followed_and_endless_ones_refused() {
    use std::os::unix::fs::symlink;
    let folder = folder_with(&["a/1.jpg"]);
    let (a, link) = (folder.path().join("a"), folder.path().join("a/again"));
    symlink("1.jpg", a.join("2.jpg")).unwrap();
    symlink("absent.jpg", a.join("3.jpg")).unwrap();
    assert_eq!(listed(folder.path(), true).unwrap(), ["a/1.jpg", "a/2.jpg"]);
    symlink(&a, &link).unwrap();
    let error = listed(folder.path(), true).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("again is a link to"), "{error}");
}

#[test]
fn a_list_keeps_its_order_and_its_repetitions() {
    let names = |text: &[u8]| -> Vec<String> {
        Listing::of_text(text).unwrap().files().unwrap().into_iter().map(|file| file.name).collect()
    };
    assert_eq!(names(b"b/2.jpg\na 1.jpg\r\n\nb/2.jpg"), ["b/2.jpg", "a 1.jpg", "b/2.jpg"]);
    assert_eq!(names(b"a\n1.jpg\0b.jpg\0"), ["a\n1.jpg", "b.jpg"], "as find -print0 writes it");
    for empty in [&b""[..], b"\n\n", b"\0"] {
        assert!(Listing::of_text(empty).unwrap_err().is::<InputError>());
    }
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
    let names = listed(folder.path(), false).unwrap();
    assert_eq!(names, ["a.jfif", "b.webp", "c.TIF", "d.bin", "e", "f.part"]);
}

#[test]
fn a_folder_without_images_says_what_was_found() {
    assert!(refusal(folder_with(&["a.txt", "b.cr2"]).path()).contains("found 2 other files"));
    assert!(refusal(folder_with(&[]).path()).contains("found 0 other files"));
    assert!(refusal(folder_with(&["a.txt"]).path()).contains("found 1 other file;"));
    assert!(refusal(folder_with(&["a/b.jpg"]).path()).contains("--recursive"));
}

#[test]
fn a_missing_folder_and_a_file_are_refused_by_name() {
    let folder = folder_with(&["a.png"]);
    assert!(refusal(&folder.path().join("absent")).contains("absent"));
    assert!(refusal(&folder.path().join("a.png")).contains("is a file, not a folder"));
}
