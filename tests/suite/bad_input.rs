//! Bad input ends with exit code 2 and a message that names it, before anything is measured.

use std::{fs, path::Path};

use patchmark::model::{Config, Weights};
use tch::{Device, Kind, Tensor};
use tempfile::{TempDir, tempdir};

use crate::support::refuses;

const JPEG: &[u8] = include_bytes!("../../fixtures/photos/rocket.jpg");
const PNG: &[u8] = include_bytes!("../../fixtures/photos/coffee.png");

/// A bench of a folder that holds one file of that name and content must be refused.
#[track_caller]
fn refuses_image(name: &str, bytes: &[u8]) {
    let folder = folder_of(name, bytes);
    refuses(folder.path(), &["bench", "--images", "images", "--out", "run", "--model", "random-tiny"], name);
}

/// A folder with a folder `images` of one file.
fn folder_of(name: &str, bytes: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    fs::write(folder.path().join("images").join(name), bytes).unwrap();
    folder
}

#[test]
fn a_text_file_named_jpg() {
    refuses_image("notes.jpg", b"these are notes, not pixels");
}

#[test]
fn a_truncated_jpeg() {
    let cut = &JPEG[..JPEG.len() / 2];
    refuses_image("cut.jpg", cut);
    let process = ["process", "--images", "images", "--out", "out.safetensors"];
    refuses(folder_of("cut.jpg", cut).path(), &process, "cut.jpg");
}

#[test]
fn a_truncated_png() {
    refuses_image("cut.png", &PNG[..PNG.len() / 2]);
}

#[test]
fn a_png_that_claims_a_hundred_thousand_pixels_a_side() {
    let mut bomb = PNG.to_vec();
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    refuses_image("bomb.png", &bomb);
}

#[test]
fn an_empty_and_a_missing_folder() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("nothing")).unwrap();
    for name in ["nothing", "missing"] {
        refuses(folder.path(), &["bench", "--images", name, "--out", "run"], name);
        refuses(folder.path(), &["parity", "--images", name, "--out", "run"], name);
    }
}

#[test]
fn options_that_make_no_sense() {
    let folder = tempdir().unwrap();
    for (option, value, named) in [
        ("--batch-sizes", "0", "\"0\""),
        ("--batch-sizes", "1,two", "\"two\""),
        ("--processors", "hf,quick", "\"quick\""),
        ("--sizes", "0x10", "0x10"),
        ("--budget", "-1s", "--budget"),
        ("--device", "gpu", "\"gpu\""),
        ("--device", "cuda:99", "cuda:99"),
        ("--model", "no-such-model", "no-such-model"),
        ("--dtype", "f8", "f8"),
        ("--tower", "left", "left"),
        ("--forward", "mine", "mine"),
        ("--patch-size", "0", "patch_size"),
        ("--max-num-patches", "0", "max_num_patches"),
        ("--preprocessor", "none.json", "none.json"),
    ] {
        let option = format!("{option}={value}");
        refuses(folder.path(), &["bench", "--out", "run", &option], named);
    }
}

#[test]
fn an_output_that_cannot_be_a_folder() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("file"), "mine").unwrap();
    refuses(folder.path(), &["bench", "--out", "file/run"], "file");
    refuses(folder.path(), &["parity", "--out", "file/run"], "file");
    refuses(folder.path(), &["process", "--out", "file/out.safetensors"], "file");
}

#[test]
fn a_folder_of_other_files_is_not_overwritten() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    fs::write(folder.path().join("mine/thesis.txt"), "years of work").unwrap();
    refuses(folder.path(), &["bench", "--out", "mine"], "mine");
}

/// A checkpoint folder of the tiny model with one tensor replaced by `change`.
fn checkpoint(folder: &Path, change: impl Fn(&str, &Tensor) -> Option<Tensor>) {
    let config = Config::tiny();
    let weights = Weights::random(&config, 1, Device::Cpu, Kind::Float).unwrap();
    let tensors: Vec<(&str, Tensor)> =
        weights.iter().filter_map(|(name, tensor)| Some((name, change(name, tensor)?))).collect();
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("config.json"), config.to_json().to_string()).unwrap();
    Tensor::write_safetensors(&tensors, folder.join("model.safetensors")).unwrap();
}

const TENSOR: &str = "vision_model.encoder.layers.0.mlp.fc1.weight";

#[test]
fn a_checkpoint_with_a_missing_tensor() {
    let folder = tempdir().unwrap();
    checkpoint(&folder.path().join("model"), |name, tensor| (name != TENSOR).then(|| tensor.shallow_clone()));
    refuses(folder.path(), &["bench", "--model", "model", "--out", "run"], TENSOR);
}

#[test]
fn a_checkpoint_with_a_tensor_that_is_not_finite() {
    let folder = tempdir().unwrap();
    checkpoint(&folder.path().join("model"), |name, tensor| {
        Some(if name == TENSOR { tensor / 0.0 } else { tensor.shallow_clone() })
    });
    refuses(folder.path(), &["bench", "--model", "model", "--out", "run"], TENSOR);
}

#[test]
fn a_truncated_checkpoint() {
    let folder = tempdir().unwrap();
    checkpoint(&folder.path().join("model"), |_, tensor| Some(tensor.shallow_clone()));
    let file = folder.path().join("model/model.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    refuses(folder.path(), &["bench", "--model", "model", "--out", "run"], "model.safetensors");
}

#[test]
fn a_checkpoint_of_another_model() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("model")).unwrap();
    fs::write(folder.path().join("model/config.json"), r#"{"model_type": "clip"}"#).unwrap();
    refuses(folder.path(), &["bench", "--model", "model", "--out", "run"], "clip");
}

#[test]
fn a_run_that_cannot_be_read() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("run.json"), "{\"schema_version\": 1,").unwrap();
    refuses(folder.path(), &["report", "run.json"], "run.json");
    refuses(folder.path(), &["report", "missing"], "missing");
}

#[test]
fn decoding_that_would_give_other_sizes() {
    let folder = tempdir().unwrap();
    let asked = ["bench", "--pipelined", "--decode", "--sizes", "64x48", "--out", "run"];
    refuses(folder.path(), &asked, "--sizes mixed");
    refuses(folder.path(), &["bench", "--decode", "--out", "run"], "--pipelined");
    refuses(
        folder.path(),
        &["bench", "--pipelined", "--decode", "--dataloader", "--out", "run"],
        "--dataloader",
    );
}

#[test]
fn a_gpu_that_is_not_there() {
    let folder = tempdir().unwrap();
    // No machine has a hundred GPUs, so this holds on machines with GPUs too.
    for device in ["cuda:99", "gpu"] {
        for arguments in [
            ["bench", "--out", "run"].as_slice(),
            &["compare", "naive", "batched", "--out", "run"],
            &["parity", "--out", "run"],
            &["process", "--out", "out.safetensors"],
        ] {
            let arguments = [arguments, &["--device", device]].concat();
            refuses(folder.path(), &arguments, device);
        }
    }
    refuses(folder.path(), &["bench", "--dtype", "f32,tf32", "--out", "run"], "--dtype tf32");
    refuses(folder.path(), &["bench", "--dtype", "f32,bf16,f32", "--out", "run"], "given twice");
    refuses(folder.path(), &["bench", "--tower", "full,full", "--out", "run"], "given twice");
    refuses(folder.path(), &["bench", "--forward", "native,native-graph", "--out", "run"], "native-graph");
}
