use std::{ops::Range, os::unix::fs::FileExt};

use patchmark_results::{
    InputError,
    shards::{INDEX_VERSION, Shard},
};
use tempfile::{TempDir, tempdir};

use super::{
    super::{decoding::threads, tensor_file::checksum},
    *,
};
use crate::workload::FileDecoder;

/// Files 0.jpg, 1.jpg, …, each of another size.
fn files(folder: &TempDir, count: usize) -> Vec<EncodedImage> {
    let file = |index: usize| {
        let name = format!("{index}.jpg");
        let path = folder.path().join(&name);
        fs::write(&path, vec![b'x'; index + 1]).unwrap();
        EncodedImage::File { name, path, decoder: FileDecoder::native() }
    };
    (0..count).map(file).collect()
}

fn settings(images_per_shard: u64) -> ShardSettings {
    ShardSettings {
        index_version: INDEX_VERSION,
        patchmark: "0.1.0".into(),
        processor: "fused".into(),
        device: "cpu".into(),
        decoder: "reference".into(),
        parameters: BTreeMap::new(),
        images_per_shard,
    }
}

fn open(out: &Path, files: &[EncodedImage]) -> Result<Found> {
    Folder::open(out, settings(2), files, &threads(1).unwrap())
}

fn unfinished(out: &Path, files: &[EncodedImage]) -> Folder {
    match open(out, files).unwrap() {
        Found::Unfinished(folder) => folder,
        Found::Finished(_) => panic!("nothing is left to do"),
    }
}

fn refusal(out: &Path, files: &[EncodedImage]) -> String {
    match open(out, files) {
        Ok(_) => panic!("must be refused"),
        Err(error) => {
            assert!(error.is::<InputError>(), "{error:?}");
            error.to_string()
        }
    }
}

/// Writes a shard of two files as a writer does; its content is its number.
fn write(folder: &mut Folder, files: &[EncodedImage], number: u64) {
    let first = number as usize * 2;
    folder.create(number).unwrap().write_all_at(&[number as u8], 0).unwrap();
    let name = folder.name(number);
    let (bytes, crc32) = checksum(&folder.path.join(name.clone() + UNFINISHED)).unwrap();
    let shard = FinishedShard {
        number,
        shard: Shard { file: name, images: 2, bytes, crc32 },
        tensors: BTreeMap::new(),
        first_file: first as u64,
        sources: files[first..first + 2].iter().map(source).collect(),
        images: Vec::new(),
        skipped_files: Vec::new(),
    };
    folder.keep(shard).unwrap();
}

fn segment(number: u64, files: Range<usize>, images: Option<u64>) -> Segment {
    Segment { number, files, images }
}

#[test]
fn a_new_folder_has_everything_to_do_and_nobody_else_may_write_to_it() {
    let (images, out) = (tempdir().unwrap(), tempdir().unwrap());
    let files = files(&images, 5);
    let out = out.path().join("new");
    let folder = unfinished(&out, &files);
    assert_eq!(folder.segments(), [segment(0, 0..5, None)]);
    assert!(refusal(&out, &files).contains("another process is writing"));
    drop(folder);
    assert_eq!(unfinished(&out, &files).segments(), [segment(0, 0..5, None)]);
}

#[test]
fn shards_that_are_whole_are_kept_and_the_others_done_again() {
    let (images, out) = (tempdir().unwrap(), tempdir().unwrap());
    let files = files(&images, 9);
    let mut folder = unfinished(out.path(), &files);
    (0..3).for_each(|number| write(&mut folder, &files, number));
    folder.create(3).unwrap();
    drop(folder);
    let folder = unfinished(out.path(), &files);
    assert_eq!((folder.segments(), folder.images()), (&[segment(3, 6..9, None)][..], 6));
    assert!(!out.path().join("inputs-00004.safetensors.unfinished").exists());
    drop(folder);
    // A shard of another content, one that is gone, and a line that is cut short.
    fs::write(out.path().join("inputs-00002.safetensors"), b"?").unwrap();
    let journal = fs::read_to_string(out.path().join(JOURNAL)).unwrap();
    fs::write(out.path().join(JOURNAL), journal.clone() + "{\"number\": 3, ").unwrap();
    let mut folder = unfinished(out.path(), &files);
    assert_eq!(folder.segments(), [segment(1, 2..4, Some(2)), segment(3, 6..9, None)]);
    write(&mut folder, &files, 1);
    drop(folder);
    fs::remove_file(out.path().join("inputs-00001.safetensors")).unwrap();
    let folder = unfinished(out.path(), &files);
    assert_eq!(folder.segments(), [segment(0, 0..2, Some(2)), segment(3, 6..9, None)]);
}

#[test]
fn everything_from_a_changed_file_on_is_done_again() {
    let (images, out) = (tempdir().unwrap(), tempdir().unwrap());
    let mut files = files(&images, 8);
    let mut folder = unfinished(out.path(), &files);
    (0..4).for_each(|number| write(&mut folder, &files, number));
    drop(folder);
    assert_eq!(unfinished(out.path(), &files).segments(), []);
    fs::write(images.path().join("4.jpg"), b"other").unwrap();
    assert_eq!(unfinished(out.path(), &files).segments(), [segment(2, 4..8, None)]);
    // A file that comes before all others moves every image.
    files.insert(0, files[7].clone());
    assert!(refusal(out.path(), &files).contains("an output of other images"));
}

#[test]
fn a_finished_folder_has_an_index_no_journal_and_only_its_own_shards() {
    let (images, out) = (tempdir().unwrap(), tempdir().unwrap());
    let files = files(&images, 4);
    let mut folder = unfinished(out.path(), &files);
    (0..2).for_each(|number| write(&mut folder, &files, number));
    folder.create(7).unwrap();
    let skipped: Vec<_> =
        files.iter().map(|file| SkippedFile { file: file.name().into(), reason: String::new() }).collect();
    let index = folder.finish(skipped).unwrap();
    let mut names: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["index.json", "inputs-00001.safetensors", "inputs-00002.safetensors"]);
    let Found::Finished(found) = open(out.path(), &files).unwrap() else { panic!("there is nothing to do") };
    assert_eq!(found, index);

    assert!(refusal(out.path(), &files[..3]).contains("4 files, and now there are 3"));
    fs::write(out.path().join("inputs-00002.safetensors"), b"?").unwrap();
    assert!(
        refusal(out.path(), &files).contains("inputs-00002.safetensors is not as index.json describes it")
    );
}

#[test]
fn folders_of_something_else_are_refused_and_left_alone() {
    let (images, out) = (tempdir().unwrap(), tempdir().unwrap());
    let files = files(&images, 2);
    fs::write(out.path().join("notes.txt"), b"").unwrap();
    assert!(refusal(out.path(), &files).contains("holds other files, such as notes.txt"));
    fs::rename(out.path().join("notes.txt"), out.path().join("inputs-00001.safetensors")).unwrap();
    assert!(refusal(out.path(), &files).contains("but no index.json"));
    fs::remove_file(out.path().join("inputs-00001.safetensors")).unwrap();
    drop(unfinished(out.path(), &files));
    let error =
        Folder::open(out.path(), settings(3), &files, &threads(1).unwrap()).err().unwrap().to_string();
    assert!(error.contains("whose images_per_shard is 2, not 3"), "{error}");
}
