//! What `process` writes: the reference's bits, in the order of the files.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use image::{DynamicImage, ImageBuffer, Luma};
use tempfile::tempdir;

use super::{IMAGES, THREE, all_shards, assert_same, index, photographs, refusal, succeeds, tensors};
use crate::support::{command, patchmark};

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
    fs::write(images.join("last.jpg"), include_bytes!("../../../fixtures/photos/rocket.jpg")).unwrap();

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
