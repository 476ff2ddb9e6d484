//! `process`: any number of files, one file or shards, uninterrupted or resumed.

mod bits;
mod ends;
mod places;

use std::{collections::BTreeMap, fs, path::Path, process::Output};

use patchmark_results::shards::Index;
use tch::{Kind, Tensor};
use tempfile::{TempDir, tempdir};

use crate::support::patchmark;

/// The tensors of a safetensors file, by name.
fn tensors(file: &Path) -> BTreeMap<String, Tensor> {
    Tensor::read_safetensors(file).unwrap().into_iter().collect()
}

/// Fails unless the two hold the same bits.
fn assert_same(one: &BTreeMap<String, Tensor>, other: &BTreeMap<String, Tensor>) {
    assert!(one.keys().eq(other.keys()), "{one:?} {other:?}");
    for (name, tensor) in one {
        let other = &other[name];
        assert_eq!((tensor.kind(), tensor.size()), (other.kind(), other.size()), "{name}");
        let bits = |tensor: &Tensor| tensor.view_dtype(Kind::Uint8);
        assert!(bits(tensor).equal(&bits(other)), "{name}");
    }
}

/// Everything in a folder, by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let content =
        |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    entries.map(content).collect()
}

fn index(folder: &Path) -> Index {
    Index::read(&folder.join("index.json")).unwrap()
}

/// Each tensor of all shards of a folder together.
fn all_shards(folder: &Path) -> BTreeMap<String, Tensor> {
    let mut all: BTreeMap<String, Vec<Tensor>> = BTreeMap::new();
    for shard in index(folder).shards {
        for (name, tensor) in tensors(&folder.join(shard.file)) {
            all.entry(name).or_default().push(tensor);
        }
    }
    all.into_iter().map(|(name, parts)| (name, Tensor::cat(&parts, 0))).collect()
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = patchmark(folder, &[&["process"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    text
}

/// A folder `images` with ten photographs of several sizes and formats, in folders.
fn photographs() -> TempDir {
    let folder = tempdir().unwrap();
    let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    let names = ["rocket.jpg", "rocket_portrait.png", "chelsea.png", "camera.png", "eagle_portrait.jpg"];
    for (place, name) in ["1", "2", "10", "a/3", "b/c/20"].into_iter().zip(names) {
        for copy in ["", "x"] {
            let to = folder.path().join(format!("images/{place}{copy}_{name}"));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(photos.join(name), to).unwrap();
        }
    }
    folder
}

const IMAGES: [&str; 3] = ["--images=images", "--recursive", "--max-num-patches=64"];
/// Three images of 64 patches: a row has 64·(768 + 1)·4 + 16 = 196,880 bytes.
const THREE: &str = "--shard-size=600KB";
