use std::fs;

use patchmark_results::InputError;

use super::*;

/// Writes these tensors as f32 and returns the file's length.
fn write(path: &Path, tensors: &BTreeMap<String, Tensor>) -> u64 {
    let list: Vec<_> = tensors.iter().collect();
    Tensor::write_safetensors(&list, path).unwrap();
    fs::metadata(path).unwrap().len()
}

fn tensors() -> BTreeMap<String, Tensor> {
    Weights::random(&Config::tiny(), 7, Device::Cpu, Kind::Float).unwrap().tensors
}

fn load(folder: &Path) -> Result<Weights> {
    Weights::load(folder, &Config::tiny(), Device::Cpu, Kind::Float)
}

/// The whole message of a load that must fail with an input error.
fn refusal(folder: &Path) -> String {
    let error = load(folder).expect_err("should be refused");
    assert!(error.chain().any(|cause| cause.is::<InputError>()), "{error:?}");
    format!("{error:#}")
}

#[test]
fn names_are_unique() {
    let list = expected_tensors(&Config::tiny());
    let names: BTreeSet<_> = list.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), list.len());
}

#[test]
fn random_weights_depend_on_the_seed_alone() {
    let config = Config::tiny();
    let first = Weights::random(&config, 1, Device::Cpu, Kind::Float).unwrap();
    tch::manual_seed(99);
    let again = Weights::random(&config, 1, Device::Cpu, Kind::Float).unwrap();
    let other = Weights::random(&config, 2, Device::Cpu, Kind::Float).unwrap();
    for (name, tensor) in first.iter() {
        assert_eq!(tensor, &again.get(name).unwrap(), "{name}");
        if !name.starts_with("logit_") {
            assert_ne!(tensor, &other.get(name).unwrap(), "{name}");
        }
    }
    let half = first.to_kind(Kind::BFloat16).unwrap();
    assert!(half.iter().all(|(_, tensor)| tensor.kind() == Kind::BFloat16));
}

#[test]
fn a_checkpoint_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = tensors();
    all.insert(
        "text_model.embeddings.position_ids".to_owned(),
        Tensor::arange(64, (Kind::Int64, Device::Cpu)),
    );
    write(&folder.path().join("model.safetensors"), &all);
    let loaded = load(folder.path()).unwrap();
    assert!(loaded.iter().all(|(name, tensor)| tensor == &all[name]));
}

#[test]
fn shards_are_read_back_and_missed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = tensors();
    let second = first.split_off("text_model.encoder");
    let shard = |name: &str, map: &BTreeMap<String, Tensor>| {
        write(&folder.path().join(name), map);
        map.keys().map(|key| (key.clone(), name.into())).collect::<Vec<(_, serde_json::Value)>>()
    };
    let mut map = shard("a.safetensors", &first);
    map.extend(shard("b.safetensors", &second));
    let index = serde_json::json!({ "weight_map": serde_json::Map::from_iter(map) });
    fs::write(folder.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    assert_eq!(load(folder.path()).unwrap().tensors.len(), first.len() + second.len());

    fs::remove_file(folder.path().join("b.safetensors")).unwrap();
    assert!(refusal(folder.path()).contains("b.safetensors"));
}

#[test]
fn broken_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder.path().join("none")).contains("does not exist"));
    assert!(refusal(folder.path()).contains("neither"));
    let path = folder.path().join("model.safetensors");
    let length = write(&path, &tensors());
    for cut in [0, 4, 100, length - 1] {
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(cut).unwrap();
        assert!(refusal(folder.path()).contains("not a whole safetensors file"), "{cut}");
        write(&path, &tensors());
    }
}

#[test]
fn shards_outside_the_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for shard in ["../model.safetensors", "..", "a/b.safetensors", "", "/dev/zero"] {
        let index = serde_json::json!({ "weight_map": { "logit_bias": shard } });
        fs::write(folder.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
        assert!(refusal(folder.path()).contains("not a file's name"), "{shard}");
    }
}

#[test]
fn broken_tensors_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let name = "vision_model.post_layernorm.bias";
    let integers = Tensor::zeros([64], (Kind::Int64, Device::Cpu));
    let infinite = Tensor::full([64], f64::INFINITY, (Kind::Float, Device::Cpu));
    for (replacement, reason) in [
        (None, "missing"),
        (Some(integers), "expected F32"),
        (Some(infinite), "not finite"),
        (Some(Tensor::zeros([32], (Kind::Float, Device::Cpu))), "has shape [32]"),
    ] {
        let mut all = tensors();
        all.remove(name);
        all.extend(replacement.map(|tensor| (name.to_owned(), tensor)));
        write(&path, &all);
        let message = refusal(folder.path());
        for part in [name, reason, "model.safetensors"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let mut all = tensors();
    all.insert("vision_model.extra".to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu)));
    write(&path, &all);
    assert!(refusal(folder.path()).contains("unexpected tensor vision_model.extra"));
}

#[test]
fn what_f16_cannot_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = tensors();
    all.insert("logit_bias".to_owned(), Tensor::full([1], 1e6, (Kind::Float, Device::Cpu)));
    write(&folder.path().join("model.safetensors"), &all);
    assert!(load(folder.path()).is_ok());
    let error = Weights::load(folder.path(), &Config::tiny(), Device::Cpu, Kind::Half).unwrap_err();
    assert!(format!("{error:#}").contains("once converted"), "{error:#}");
}
