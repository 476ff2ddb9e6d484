//! A safetensors file that a worker wrote.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::worker::{Returned, protocol::Entry};
use patchmark_fuzz::scratch;

fuzz_target!(|data: &[u8]| {
    let entry = Entry {
        name: "pixel_values".into(),
        kind: "tensor".into(),
        dtype: "float32".into(),
        shape: vec![1, 4, 3],
        device: "cpu".into(),
        grad: false,
    };
    let mut returned = Returned { mapping: true, entries: vec![entry], ..Returned::default() };
    if returned.read(&scratch::file("outputs.safetensors", data)).is_ok() {
        returned.values();
        returned.shapes();
        for image in 0..returned.images().min(3) {
            returned.row(image);
        }
    }
});
