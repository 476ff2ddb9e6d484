//! Files through the whole decoder: natively, or by transformers in this process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use patchmark::{
    python::{DecoderChoice, TransformersLoading},
    workload::FileDecoder,
};
use patchmark_results::{InputError, Parity};
use sha2::{Digest, Sha256};
use tempfile::tempdir;

use crate::support::patchmark;

/// Runs a script of the decoder's corpus.
fn python(script: &str, arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join(".venv/bin/python"))
        .arg(root.join("crates/decode/tests/corpus").join(script))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with a file of every kind, without those that only libjpeg-turbo's encoder writes.
fn corpus(folder: &Path) -> PathBuf {
    let files = folder.join("files");
    let path = files.to_str().unwrap();
    python("jpeg.py", &["-", path]);
    python("others.py", &[path]);
    files
}

/// The digest of a file's pixels, as `reference.py` writes it.
fn digest(decoder: &FileDecoder, path: &Path) -> String {
    match decoder.decode_file(path) {
        Ok(image) => format!("{}x{}:{:x}", image.width, image.height, Sha256::digest(&image.rgb)),
        Err(error) => {
            assert!(error.is::<InputError>(), "{}: {error:#}", path.display());
            let text = error.to_string();
            assert!(text.contains(path.file_name().unwrap().to_str().unwrap()), "{text}");
            match text {
                text if text.contains("16 bits per channel: transformers") => "deep",
                text if text.contains("over the limit") => "too large",
                _ => "refused",
            }
            .into()
        }
    }
}

/// Checks every file of a folder against what transformers reads from it, and returns how many there are.
fn agree(files: &Path, damaged: &[&str]) -> usize {
    let of = |choice| FileDecoder::with(Box::new(TransformersLoading::new(choice)));
    let pillow = of(DecoderChoice::Pillow);
    let torchvision = of(DecoderChoice::Torchvision);
    let reference = of(DecoderChoice::Reference);
    let lines = python("reference.py", &[&[files.to_str().unwrap()], damaged].concat());
    for line in lines.lines() {
        let [name, by_pillow, by_torchvision, right] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}: not four fields")
        };
        let path = files.join(name);
        let found = digest(&pillow, &path);
        // A damaged header may claim a size that Pillow makes up pixels for.
        if !damaged.is_empty() && found == "too large" {
            continue;
        }
        assert_eq!(found, by_pillow, "{name}, pillow");
        let (found, by_torchvision_here) = (digest(&reference, &path), digest(&torchvision, &path));
        // Whatever it is, it did no harm.
        if by_torchvision == "unasked" {
            continue;
        }
        assert_eq!(found, right, "{name}, reference");
        // torchvision reads all frames of an animated GIF, which are not an image.
        let by_torchvision = if by_torchvision == "animated" { "refused" } else { by_torchvision };
        assert_eq!(by_torchvision_here, by_torchvision, "{name}, torchvision");
    }
    lines.lines().count()
}

#[test]
fn every_file_has_the_pixels_that_transformers_reads_or_is_refused_by_both() {
    let folder = tempdir().unwrap();
    let files = corpus(folder.path());
    assert!(agree(&files, &[]) >= 300);
    // `make mutated-images` sets more.
    let count = std::env::var("PATCHMARK_MUTATIONS").unwrap_or_else(|_| "200".into());
    let mutated = folder.path().join("mutated");
    python("mutate.py", &[files.to_str().unwrap(), mutated.to_str().unwrap(), &count, "3"]);
    agree(&mutated, &["damaged"]);
}

#[test]
fn a_bad_file_ends_a_command_with_2_its_name_and_the_reason() {
    let folder = tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("notes.jpg"), "Dear diary").unwrap();
    let arguments = ["process", "--processor=fused", "--images=files", "--out=out.safetensors"];
    let output = patchmark(folder.path(), &arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("notes.jpg is not an image"), "{text}");
    assert!(!folder.path().join("out.safetensors").exists());
}

#[test]
fn bad_files_are_left_out_and_listed() {
    let folder = tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("notes.jpg"), "Dear diary").unwrap();
    fs::write(files.join("whole.jpg"), include_bytes!("../../fixtures/photos/rocket.jpg")).unwrap();
    let images = ["--images=files", "--skip-bad-files"];
    let process = [&["process", "--processor=fused", "--out=out.safetensors"], images.as_slice()].concat();
    let output = patchmark(folder.path(), &process);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 file left out") && text.contains("notes.jpg"), "{text}");

    let parity = ["parity", "--processors=hf,fused", "--only-images", "--max-num-patches=16", "--out=parity"];
    let output = patchmark(folder.path(), &[&parity, images.as_slice()].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let saved: Parity =
        serde_json::from_str(&fs::read_to_string(folder.path().join("parity/parity.json")).unwrap()).unwrap();
    let names: Vec<_> = saved.skipped_files.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(names, ["notes.jpg"]);
    let decoding = saved.decoding.expect("files were decoded");
    assert_eq!((decoding.files, decoding.equal, decoding.differing.len()), (1, 1, 0));
    let told = "Decoding: 1 file has the pixels that transformers reads.";
    assert!(String::from_utf8_lossy(&output.stdout).contains(told));
    assert!(String::from_utf8_lossy(&output.stdout).contains("notes.jpg is not an image"));
}
