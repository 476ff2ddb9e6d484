//! Compares the native forward with transformers', on the same weights.

use patchmark::{
    bench::{ForwardKind, build_forwards},
    inputs::ModelInputs,
    model::{Config, LoadedModel, ModelOutputs, ModelSource, Tower, Weights, seeded_ids},
    processor::{self, FedBatch, Parameters, StageClock},
    python,
    workload::{ImageSource, Sizes, Workload},
};
use tch::{Device, Kind, Tensor};

/// Inputs from photographs of mixed shapes, with padding.
fn inputs(count: usize) -> ModelInputs {
    let workload = Workload::load_all(&ImageSource::BuiltIn, &Sizes::mixed()).unwrap().remove(0);
    let batched = processor::create("batched", &Parameters::default(), Device::Cpu, 1).unwrap();
    let batch = FedBatch::new(batched.feed(), &workload.batch(count).unwrap()).unwrap();
    let inputs = batched.process(&batch, &mut StageClock::disabled()).unwrap();
    let padding = 256 * count as i64 - inputs.pixel_attention_mask.sum(Kind::Int64).int64_value(&[]);
    assert!(padding > 0, "without padding the mask is not tested");
    inputs
}

fn loaded(config: Config, kind: Kind) -> LoadedModel {
    let weights = Weights::random(&config, 7, Device::Cpu, kind).unwrap();
    LoadedModel { config, weights, random: true, folder: None }
}

/// The largest absolute difference between two tensors of equal shape.
fn apart(one: &Tensor, other: &Tensor) -> f64 {
    assert_eq!(one.size(), other.size());
    (one.to_kind(Kind::Double) - other.to_kind(Kind::Double)).abs().max().double_value(&[])
}

fn both(model: &LoadedModel, tower: Tower, count: usize) -> (ModelOutputs, ModelOutputs) {
    let inputs = inputs(count);
    let text = seeded_ids(3, &model.config.text, 5).unwrap();
    let text = (tower == Tower::Full).then_some(&text);
    let forwards =
        build_forwards(&[ForwardKind::Native, ForwardKind::HuggingFace], model, tower, Device::Cpu).unwrap();
    (forwards[0].forward(&inputs, text).unwrap(), forwards[1].forward(&inputs, text).unwrap())
}

#[track_caller]
fn agree(model: &LoadedModel, count: usize, embeddings: f64, logits: f64) {
    let (native, hf) = both(model, Tower::Vision, count);
    assert!(apart(&native.image_embeds, &hf.image_embeds) <= embeddings, "vision tower alone");
    let (native, hf) = both(model, Tower::Full, count);
    for (name, one, other, tolerance) in [
        ("image_embeds", Some(native.image_embeds), Some(hf.image_embeds), embeddings),
        ("text_embeds", native.text_embeds, hf.text_embeds, embeddings),
        ("logits_per_image", native.logits_per_image, hf.logits_per_image, logits),
    ] {
        let difference = apart(&one.unwrap(), &other.unwrap());
        assert!(difference <= tolerance, "{name} differ by {difference:e}");
    }
}

#[test]
fn tiny_in_f32() {
    agree(&loaded(Config::tiny(), Kind::Float), 5, 1e-5, 1e-4);
}

#[test]
fn base_in_f32() {
    agree(&loaded(Config::base_naflex(), Kind::Float), 2, 1e-5, 1e-4);
}

#[test]
fn tiny_in_bf16_within_transformers_own_tolerance() {
    agree(&loaded(Config::tiny(), Kind::BFloat16), 5, 3e-2, 1.0);
}

#[test]
fn both_forwards_share_the_weights_storage() {
    let model = loaded(Config::tiny(), Kind::Float);
    let before = both(&model, Tower::Vision, 2);
    let (_, hf) = {
        let mut weight = model.weights.get("vision_model.post_layernorm.bias").unwrap();
        let _ = tch::no_grad(|| weight.f_add_scalar_(0.25)).unwrap();
        both(&model, Tower::Vision, 2)
    };
    assert!(apart(&before.1.image_embeds, &hf.image_embeds) > 1e-3, "a second copy would not have changed");
}

#[test]
fn a_checkpoint_saved_by_transformers_loads_and_agrees() {
    let folder = tempfile::tempdir().unwrap();
    python::start().unwrap();
    let script = format!(
        r#"
import torch, transformers
torch.manual_seed(3)
text = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, vocab_size=200)
vision = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_patches=64)
model = transformers.Siglip2Model(transformers.Siglip2Config(text_config=text, vision_config=vision))
model.save_pretrained({:?})
"#,
        folder.path().display().to_string()
    );
    python::run(&script).unwrap();
    let source: ModelSource = folder.path().to_str().unwrap().parse().unwrap();
    let no_hub = |_: &str| unreachable!("a folder needs no hub");
    let model = source.load(0, Device::Cpu, Kind::Float, &no_hub).unwrap();
    assert!(!model.random);
    agree(&model, 4, 1e-5, 1e-4);
}
