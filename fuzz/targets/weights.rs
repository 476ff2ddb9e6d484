//! A checkpoint's `model.safetensors` or, if the input is text, its `model.safetensors.index.json`.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use patchmark::model::Weights;
use patchmark_fuzz::{checkpoint::smallest, scratch};
use tch::{Device, Kind};

fuzz_target!(|data: &[u8]| {
    let single = scratch::folder().join("checkpoint/model.safetensors");
    let name = if data.starts_with(b"{") {
        let _ = fs::remove_file(&single);
        "checkpoint/model.safetensors.index.json"
    } else {
        "checkpoint/model.safetensors"
    };
    let file = scratch::file(name, data);
    let Some(folder) = file.parent() else { return };
    let _ = Weights::load(folder, &smallest(), Device::Cpu, Kind::Float);
});
