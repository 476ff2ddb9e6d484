//! The files of a checkpoint except its tokenizer, and the tensors that a worker writes.

use std::fs;

use patchmark::model::{Config, expected_tensors};
use patchmark_fuzz::checkpoint::smallest;
use serde_json::json;
use tch::{Kind, Tensor};

use crate::save;

/// Configurations and weights.
pub fn checkpoints() {
    save("config", "tiny.json", Config::tiny().to_json().to_string().as_bytes());
    save("config", "default.json", br#"{"model_type":"siglip2"}"#);
    save("preprocessor", "empty.json", b"{}");
    let all = json!({
        "patch_size": 16, "max_num_patches": 64, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.5,
        "rescale_factor": 0.00392156862745098, "resample": 2, "do_resize": true, "do_rescale": true,
        "do_normalize": true
    });
    save("preprocessor", "all.json", all.to_string().as_bytes());
    let settings = json!({
        "model_input_names": ["input_ids"], "padding_side": "right", "tokenizer_class": "Siglip2Tokenizer",
        "pad_token": {"content": "<pad>", "lstrip": false, "special": true}
    });
    save("settings", "published.json", settings.to_string().as_bytes());
    save("settings", "empty.json", b"{}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.safetensors");
    let tensors = expected_tensors(&smallest());
    let tensors: Vec<_> = tensors
        .into_iter()
        .map(|(name, shape)| (name, Tensor::ones(shape, (Kind::BFloat16, tch::Device::Cpu))))
        .collect();
    Tensor::write_safetensors(&tensors, &file).unwrap();
    save("weights", "whole.safetensors", &fs::read(&file).unwrap());
    save("weights", "index.json", br#"{"metadata":{},"weight_map":{"logit_scale":"1.safetensors"}}"#);
    let tensors = [
        ("pixel_values", Tensor::from_slice(&[0.5_f32; 12]).view([1, 4, 3])),
        ("pixel_attention_mask", Tensor::from_slice(&[1_i32; 4]).view([1, 4])),
        ("spatial_shapes", Tensor::from_slice(&[2_i64, 2]).view([1, 2])),
    ];
    Tensor::write_safetensors(&tensors, &file).unwrap();
    save("tensors", "whole.safetensors", &fs::read(&file).unwrap());
}
