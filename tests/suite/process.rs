//! `process`: any number of files, one file or shards, finished or gone on with.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use image::{DynamicImage, ImageBuffer, Luma};
use patchmark_results::shards::Index;
use rand::{Rng, SeedableRng};
use tch::{Kind, Tensor};
use tempfile::{TempDir, tempdir};

use crate::support::{command, patchmark};

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

#[test]
fn shards_hold_the_bits_of_one_batch_and_the_index_says_where() {
    let folder = photographs();
    let path = folder.path();
    succeeds(path, &[&IMAGES[..], &["--processor=hf", "--out=hf.safetensors"]].concat());
    let expected = tensors(&path.join("hf.safetensors"));
    for processor in ["hf", "fused", "batched"] {
        let [file, out] = [format!("{processor}.safetensors"), format!("{processor}-shards")];
        let common = [&IMAGES[..], &["--processor", processor]].concat();
        succeeds(path, &[common.as_slice(), &["--out", &file]].concat());
        assert_same(&expected, &tensors(&path.join(&file)));
        let printed = succeeds(path, &[common.as_slice(), &[THREE, "--out", &out]].concat());
        assert!(printed.contains("10 images in 4 shards"), "{printed}");
        assert_same(&expected, &all_shards(&path.join(&out)));
    }
    let index = index(&path.join("fused-shards"));
    let rows: Vec<_> = index.images.iter().map(|image| (image.shard, image.row)).collect();
    assert_eq!(rows, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0)]);
    let names: Vec<_> = index.images.iter().map(|image| image.file.as_str()).collect();
    let natural = [
        "1_rocket.jpg",
        "1x_rocket.jpg",
        "2_rocket_portrait.png",
        "2x_rocket_portrait.png",
        "10_chelsea.png",
        "10x_chelsea.png",
        "a/3_camera.png",
        "a/3x_camera.png",
        "b/c/20_eagle_portrait.jpg",
        "b/c/20x_eagle_portrait.jpg",
    ];
    assert_eq!(names, natural);
    let shapes = Vec::<i64>::try_from(expected["spatial_shapes"].flatten(0, -1)).unwrap();
    for (image, shape) in index.images.iter().zip(shapes.chunks(2)) {
        assert_eq!(image.spatial_shape, shape, "{}", image.file);
        let stored = image::image_dimensions(path.join("images").join(&image.file));
        if let Ok((width, height)) = stored {
            assert_eq!(
                (image.width, image.height),
                (Some(width.into()), Some(height.into())),
                "{}",
                image.file
            );
        }
    }
    for shard in &index.shards {
        let bytes = fs::read(path.join("fused-shards").join(&shard.file)).unwrap();
        assert_eq!((bytes.len() as u64, crc32fast::hash(&bytes)), (shard.bytes, shard.crc32));
    }
}

#[test]
fn a_list_on_stdin_is_taken_as_it_is() {
    let folder = photographs();
    let list = "images/2_rocket_portrait.png\0images/1_rocket.jpg\0images/2_rocket_portrait.png\0";
    let arguments = ["process", "--images=-", "--max-num-patches=64", "--out=out"];
    let mut child =
        command(folder.path(), &arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let index = index(&folder.path().join("out"));
    let names: Vec<_> = index.images.iter().map(|image| image.file.as_str()).collect();
    assert_eq!(names, list.trim_end_matches('\0').split('\0').collect::<Vec<_>>());
    let values = &all_shards(&folder.path().join("out"))["pixel_values"];
    assert!(values.get(0).equal(&values.get(2)) && !values.get(0).equal(&values.get(1)));
}

#[test]
fn hf_takes_every_file_as_its_class_does() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    let deep = ImageBuffer::from_fn(40, 30, |x, y| Luma([(x * 1500 + y * 37) as u16]));
    DynamicImage::from(deep).save(images.join("deep.png")).unwrap();
    let grey = ImageBuffer::from_fn(33, 50, |x, y| Luma([(x * 7 + y) as u8]));
    DynamicImage::from(grey).save(images.join("grey.png")).unwrap();
    fs::write(images.join("last.jpg"), include_bytes!("../../fixtures/photos/rocket.jpg")).unwrap();

    let fused = patchmark(folder.path(), &["process", "--images=images", "--out=fused"]);
    let text = refusal(&fused);
    assert!(text.contains("deep.png has 16 bits per channel") && text.contains("--processor hf"), "{text}");

    let script = "import sys, transformers\nfrom safetensors.torch import save_file\n\
                  from transformers.models.siglip2.image_processing_siglip2 import Siglip2ImageProcessor\n\
                  save_file(dict(Siglip2ImageProcessor()(images=sys.argv[2:], return_tensors='pt')), sys.argv[1])";
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let paths = ["deep.png", "grey.png", "last.jpg"].map(|name| images.join(name));
    let expected = folder.path().join("expected.safetensors");
    let status = Command::new(python)
        .args(["-c", script])
        .arg(&expected)
        .args(&paths)
        .env("HF_HUB_OFFLINE", "1")
        .status();
    assert!(status.unwrap().success());
    succeeds(folder.path(), &["--images=images", "--processor=hf", "--out=hf.safetensors"]);
    assert_same(&tensors(&expected), &tensors(&folder.path().join("hf.safetensors")));
}

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
    // What was begun without the option is gone on with.
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
fn a_folder_is_gone_on_with_or_refused_but_never_mixed() {
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

/// How often `process` is killed; `make kill-test` sets more.
fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

#[test]
fn killed_at_random_moments_it_ends_with_the_same_bytes() {
    let folder = photographs();
    let path = folder.path();
    let list = ["images/1_rocket.jpg", "images/10_chelsea.png", "images/a/3_camera.png"];
    fs::write(path.join("list"), (list.join("\n") + "\n").repeat(60)).unwrap();
    let start = |out: &str| {
        let arguments = ["process", "--images=-", "--max-num-patches=64", "--threads=1", THREE, "--out", out];
        let list = fs::File::open(path.join("list")).unwrap();
        command(path, &arguments).stdin(list).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let started = Instant::now();
    assert!(start("whole").wait().unwrap().success());
    let whole = started.elapsed();
    let expected = contents(&path.join("whole"));
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    for kill in 0..kills() {
        let mut child = start("killed");
        thread::sleep(whole.mul_f64(rng.random_range(0.3..0.95)));
        // Now and then as a user would.
        if kill % 4 == 3 {
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
            child.wait().unwrap();
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if rng.random_bool(0.3) && path.join("killed/inputs-00002.safetensors").exists() {
            fs::write(path.join("killed/inputs-00002.safetensors"), "damaged").unwrap();
        }
        // Whatever is there is gone on with; now and then to the end, and then from the start again.
        if rng.random_bool(0.5) || kill + 1 == kills() {
            if path.join("killed/index.json").exists() {
                fs::remove_dir_all(path.join("killed")).unwrap();
            }
            assert!(start("killed").wait().unwrap().success());
            let found = contents(&path.join("killed"));
            assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
            assert!(found == expected, "other bytes after kill {kill}");
            fs::remove_dir_all(path.join("killed")).unwrap();
        }
    }
}

#[test]
fn an_interrupt_ends_it_soon_and_leaves_nothing_half_done() {
    let folder = photographs();
    let path = folder.path();
    fs::write(path.join("list"), "images/1_rocket.jpg\n".repeat(10_000)).unwrap();
    for out in ["out.safetensors", "out"] {
        let list = fs::File::open(path.join("list")).unwrap();
        let arguments = ["process", "--images=-", "--max-num-patches=16", "--processor=naive", "--out", out];
        let mut child = command(path, &arguments).stdin(list).stderr(Stdio::piped()).spawn().unwrap();
        let begun = || {
            fs::read_dir(path).unwrap().any(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                name.starts_with(".patchmark-") && entry.metadata().unwrap().len() > 0
                    || entry.path().join("inputs-00001.safetensors.unfinished").exists()
            })
        };
        while !begun() {
            assert!(child.try_wait().unwrap().is_none(), "{:?}", child.wait_with_output());
            thread::sleep(Duration::from_millis(20));
        }
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("stopping after the images at hand"), "{text}");
    }
    let mut left: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["images", "list", "out"], "no file, whole or not, and no temporary one");
}
