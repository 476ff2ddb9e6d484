//! The model's tensors by transformers' names, and how they are read from a checkpoint.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use patchmark_results::{input_error, reading};
use safetensors::{Dtype, SafeTensors};
use tch::{Device, Kind, Tensor};

use super::{config::Config, random};

/// Every tensor of a `Siglip2Model`, by its name in transformers' state dict.
#[derive(Debug)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// The names and shapes of all tensors of a `Siglip2Model` of this configuration.
pub fn expected_tensors(config: &Config) -> Vec<(String, Vec<i64>)> {
    let mut list = Vec::new();
    let mut linear = |name: String, out: i64, input: i64| {
        list.push((format!("{name}.weight"), vec![out, input]));
        list.push((format!("{name}.bias"), vec![out]));
    };
    let (vision, text) = (&config.vision, &config.text);
    let towers = [
        ("vision_model", vision.num_hidden_layers, vision.hidden_size, vision.intermediate_size),
        ("text_model", text.num_hidden_layers, text.hidden_size, text.intermediate_size),
    ];
    for (tower, layers, hidden, intermediate) in towers {
        for layer in 0..layers {
            let layer = format!("{tower}.encoder.layers.{layer}");
            for projection in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                linear(format!("{layer}.self_attn.{projection}"), hidden, hidden);
            }
            linear(format!("{layer}.mlp.fc1"), intermediate, hidden);
            linear(format!("{layer}.mlp.fc2"), hidden, intermediate);
        }
    }
    let hidden = vision.hidden_size;
    let patch = vision.num_channels * vision.patch_size * vision.patch_size;
    linear("vision_model.embeddings.patch_embedding".to_owned(), hidden, patch);
    linear("vision_model.head.attention.out_proj".to_owned(), hidden, hidden);
    linear("vision_model.head.mlp.fc1".to_owned(), vision.intermediate_size, hidden);
    linear("vision_model.head.mlp.fc2".to_owned(), hidden, vision.intermediate_size);
    linear("text_model.head".to_owned(), text.projection_size, text.hidden_size);

    let mut norm = |name: String, width: i64| {
        list.push((format!("{name}.weight"), vec![width]));
        list.push((format!("{name}.bias"), vec![width]));
    };
    for (tower, layers, hidden, _) in towers {
        for layer in 0..layers {
            norm(format!("{tower}.encoder.layers.{layer}.layer_norm1"), hidden);
            norm(format!("{tower}.encoder.layers.{layer}.layer_norm2"), hidden);
        }
    }
    norm("vision_model.post_layernorm".to_owned(), hidden);
    norm("vision_model.head.layernorm".to_owned(), hidden);
    norm("text_model.final_layer_norm".to_owned(), text.hidden_size);

    for (name, shape) in [
        ("vision_model.embeddings.position_embedding.weight", vec![vision.num_patches, hidden]),
        ("vision_model.head.probe", vec![1, 1, hidden]),
        ("vision_model.head.attention.in_proj_weight", vec![3 * hidden, hidden]),
        ("vision_model.head.attention.in_proj_bias", vec![3 * hidden]),
        ("text_model.embeddings.token_embedding.weight", vec![text.vocab_size, text.hidden_size]),
        (
            "text_model.embeddings.position_embedding.weight",
            vec![text.max_position_embeddings, text.hidden_size],
        ),
        ("logit_scale", vec![1]),
        ("logit_bias", vec![1]),
    ] {
        list.push((name.to_owned(), shape));
    }
    list
}

impl Weights {
    /// Random weights that depend only on the configuration and `seed`: they are the same on every device (up to
    /// rounding to `kind`), for any number of threads, and whatever else draws random numbers.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn random(config: &Config, seed: u64, device: Device, kind: Kind) -> Result<Self> {
        let mut tensors = BTreeMap::new();
        for (name, shape) in expected_tensors(config) {
            let tensor = random::tensor(&name, &shape, seed)?;
            tensors.insert(name, tensor.f_to_device_(device, kind, false, false)?);
        }
        Ok(Self { tensors })
    }

    /// Reads `model.safetensors`, or the shards of `model.safetensors.index.json`, from a folder.
    ///
    /// # Errors An [`InputError`](patchmark_results::InputError) if a file is missing or broken, or a tensor is
    /// missing, unknown, of another shape, not f32, bf16 or f16, or not finite.
    pub fn load(folder: &Path, config: &Config, device: Device, kind: Kind) -> Result<Self> {
        let mut expected: BTreeMap<_, _> = expected_tensors(config).into_iter().collect();
        let mut tensors = BTreeMap::new();
        let files = files(folder)?;
        for path in &files {
            let bytes = std::fs::read(path)
                .map_err(|error| input_error!("cannot read weights {}: {error}", path.display()))?;
            let file = SafeTensors::deserialize(&bytes).map_err(|error| {
                input_error!("{} is not a whole safetensors file: {error}", path.display())
            })?;
            let mut names = file.names();
            names.sort_unstable();
            for name in names.into_iter().filter(|name| !name.ends_with(".position_ids")) {
                let Some(shape) = expected.remove(name) else {
                    let twice = if tensors.contains_key(name) { "a second" } else { "an unexpected" };
                    return Err(input_error!("{} holds {twice} tensor {name}", path.display()));
                };
                let tensor = read(&file, name, &shape, device, kind)
                    .with_context(|| format!("cannot load {}", path.display()))?;
                tensors.insert(name.to_owned(), tensor);
            }
        }
        if let Some(name) = expected.keys().next() {
            let files: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
            return Err(input_error!("tensor {name} is missing from {}", files.join(", ")));
        }
        Ok(Self { tensors })
    }

    /// The weights in another dtype; they share storage if the dtype is the same.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn to_kind(&self, kind: Kind) -> Result<Self> {
        let convert = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.f_to_kind(kind)?));
        Ok(Self { tensors: self.tensors.iter().map(convert).collect::<Result<_>>()? })
    }

    /// The tensors in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// A handle to the tensor of this name, with shared storage.
    ///
    /// # Errors
    /// If there is no such tensor.
    pub fn get(&self, name: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(name).ok_or_else(|| anyhow!("the model has no tensor {name}"))?;
        Ok(tensor.shallow_clone())
    }

    /// The tensors whose names begin with `prefix` and a dot.
    pub(super) fn scope(&self, prefix: &str) -> Scope<'_> {
        Scope { weights: self, prefix: prefix.to_owned() }
    }
}

/// A place in the tree of tensor names.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl Scope<'_> {
    pub(super) fn child(&self, name: &str) -> Self {
        Self { weights: self.weights, prefix: format!("{}.{name}", self.prefix) }
    }

    pub(super) fn get(&self, name: &str) -> Result<Tensor> {
        self.weights.get(&format!("{}.{name}", self.prefix))
    }
}

/// The files that hold a checkpoint's weights.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(input_error!("checkpoint folder {} does not exist", folder.display()));
    }
    let single = folder.join("model.safetensors");
    if single.is_file() {
        return Ok(vec![single]);
    }
    let index = folder.join("model.safetensors.index.json");
    if !index.is_file() {
        return Err(input_error!(
            "{} holds neither model.safetensors nor model.safetensors.index.json",
            folder.display()
        ));
    }
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let text = reading::text(&index)?;
    let parsed: Index = serde_json::from_str(&text)
        .map_err(|error| input_error!("{} is not an index of shards: {error}", index.display()))?;
    let shards: BTreeSet<String> = parsed.weight_map.into_values().collect();
    // A checkpoint from elsewhere must not name this machine's devices and pipes, from which reading may never end.
    if let Some(shard) = shards.iter().find(|shard| Path::new(shard).file_name() != Some(shard.as_ref())) {
        return Err(input_error!(
            "{} names the shard {shard:?}, which is not a file's name",
            index.display()
        ));
    }
    Ok(shards.into_iter().map(|shard| folder.join(shard)).collect())
}

/// Reads and checks one tensor.
fn read(file: &SafeTensors, name: &str, shape: &[i64], device: Device, kind: Kind) -> Result<Tensor> {
    let view = file.tensor(name).map_err(|error| input_error!("tensor {name}: {error}"))?;
    let found: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
    if found != shape {
        return Err(input_error!("tensor {name} has shape {found:?}, but config.json requires {shape:?}"));
    }
    let stored = match view.dtype() {
        Dtype::F32 => Kind::Float,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F16 => Kind::Half,
        other => return Err(input_error!("tensor {name} is {other:?}; expected F32, BF16 or F16")),
    };
    let tensor = Tensor::f_from_data_size(view.data(), shape, stored)?;
    // Checked in both dtypes, because a value that is finite in f32 may be out of range in f16.
    let converted = tensor.f_to_kind(kind)?;
    for (tensor, note) in [(&tensor, ""), (&converted, " once converted")] {
        if !bool::try_from(&tensor.f_isfinite()?.f_all()?)? {
            let kind = tensor.kind();
            return Err(input_error!("tensor {name} holds values that are not finite{note} ({kind:?})"));
        }
    }
    Ok(converted.f_to_device(device)?)
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
