//! Where `process` writes: folders that it resumes, and places that it refuses.

use std::{fs, io::Write, path::PathBuf, process::Stdio};

use tempfile::tempdir;

use super::{IMAGES, THREE, contents, index, photographs, refusal, succeeds};
use crate::support::{command, patchmark};

#[test]
fn bad_files_leave_no_gap() {
    let folder = photographs();
    let path = folder.path();
    succeeds(path, &[&IMAGES[..], &[THREE, "--out=good"]].concat());
    succeeds(path, &[&IMAGES[..], &["--out=good.safetensors"]].concat());
    // First, in the middle of a shard, between two, and last.
    for name in ["0.jpg", "1y.jpg", "3.jpg", "b/d.jpg"] {
        fs::write(path.join("images").join(name), "Dear diary").unwrap();
    }
    let bad = patchmark(path, &[&["process"], &IMAGES[..], &[THREE, "--out=bad"]].concat());
    assert!(refusal(&bad).contains("0.jpg is not an image"));
    // What was begun without the option is resumed with it.
    let skip = [&IMAGES[..], &["--skip-bad-files"]].concat();
    succeeds(path, &[skip.as_slice(), &[THREE, "--out=bad"]].concat());
    succeeds(path, &[skip.as_slice(), &["--out=bad.safetensors"]].concat());
    let [good, bad] = ["good", "bad"].map(|name| (contents(&path.join(name)), index(&path.join(name))));
    for shard in &bad.1.shards {
        assert!(
            good.0[&shard.file] == bad.0[&shard.file],
            "{} has the bytes of the good files alone",
            shard.file
        );
    }
    assert_eq!(good.1.images, bad.1.images);
    let left_out: Vec<_> = bad.1.skipped_files.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(left_out, ["0.jpg", "1y.jpg", "3.jpg", "b/d.jpg"]);
    let file = |name: &str| fs::read(path.join(name)).unwrap();
    assert!(file("good.safetensors") == file("bad.safetensors"));
}

#[test]
fn a_folder_is_resumed_or_refused_but_never_mixed() {
    let folder = photographs();
    let path = folder.path();
    let arguments = [&IMAGES[..], &[THREE, "--out=out"]].concat();
    let process = [&["process"], arguments.as_slice()].concat();
    succeeds(path, &arguments);
    let finished = contents(&path.join("out"));
    // Nothing is left to do.
    assert!(succeeds(path, &arguments).contains("10 images in 4 shards"));
    for other in ["--processor=naive", "--patch-size=14", "--decoder=pillow", "--shard-size=2MB"] {
        let mut process = process.clone();
        process.push(other);
        process.retain(|argument| !(other.starts_with("--shard-size") && *argument == THREE));
        assert!(refusal(&patchmark(path, &process)).contains("out holds an output whose"), "{other}");
    }
    fs::write(path.join("images/3.jpg"), finished["index.json"].as_slice()).unwrap();
    assert!(refusal(&patchmark(path, &process)).contains("an output of other images"));
    assert!(contents(&path.join("out")) == finished);
}

#[test]
fn what_no_disk_holds_is_refused_before_anything_is_decoded() {
    let folder = tempdir().unwrap();
    // 100,000 rows of 200 MB. The file does not exist, so reading one would be another error.
    let arguments = ["process", "--images=-", "--max-num-patches=4096", "--patch-size=64"];
    for out in ["--out=out", "--out=out.safetensors"] {
        let mut child = command(folder.path(), &[&arguments[..], &[out]].concat())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all("absent.jpg\n".repeat(100_000).as_bytes()).unwrap();
        let text = refusal(&child.wait_with_output().unwrap());
        assert!(text.contains("the output needs 20134.3 GB"), "{text}");
    }
    let left: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.ends_with("out")), "{left:?}");
}
