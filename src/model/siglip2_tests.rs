use tch::{Device, Kind};

use super::*;
use crate::model::seeded_ids;

const PATCH: i64 = 768;

fn model(tower: Tower) -> Siglip2 {
    let config = Config::tiny();
    let weights = Weights::random(&config, 5, Device::Cpu, Kind::Float).unwrap();
    Siglip2::new(&config, &weights, tower).unwrap()
}

/// Images of these shapes, with patches that do not depend on `length` and arbitrary values for padding.
fn images(shapes: &[(i64, i64)], length: i64) -> ModelInputs {
    let options = (Kind::Float, Device::Cpu);
    let pixel_values = Tensor::full([shapes.len() as i64, length, PATCH], 0.7, options);
    let mask = Tensor::zeros([shapes.len() as i64, length], (Kind::Int, Device::Cpu));
    for (image, (rows, columns)) in shapes.iter().enumerate() {
        let (image, real) = (image as i64, rows * columns);
        let patches = (Tensor::arange(real * PATCH, options) * 0.37 + image).sin();
        pixel_values.get(image).narrow(0, 0, real).copy_(&patches.reshape([real, PATCH]));
        let _ = mask.get(image).narrow(0, 0, real).fill_(1);
    }
    let flat: Vec<i64> = shapes.iter().flat_map(|&(rows, columns)| [rows, columns]).collect();
    ModelInputs {
        pixel_values,
        pixel_attention_mask: mask,
        spatial_shapes: Tensor::from_slice(&flat).reshape([-1, 2]),
        host_shapes: None,
    }
}

fn embed(inputs: &ModelInputs) -> Tensor {
    model(Tower::Vision).forward(inputs, None).unwrap().image_embeds
}

fn distance(one: &Tensor, other: &Tensor) -> f64 {
    (one - other).abs().max().double_value(&[])
}

#[test]
fn padding_changes_nothing() {
    let shapes = [(7, 9), (2, 3), (8, 8)];
    let (short, long) = (embed(&images(&shapes, 64)), embed(&images(&shapes, 256)));
    assert!(distance(&short, &long) < 1e-5, "{}", distance(&short, &long));
}

#[test]
fn the_shape_of_the_grid_matters() {
    let (upright, lying) = (embed(&images(&[(4, 12)], 64)), embed(&images(&[(12, 4)], 64)));
    assert!(distance(&upright, &lying) > 1e-4, "{}", distance(&upright, &lying));
}

#[test]
fn a_patch_that_is_masked_matters() {
    let inputs = images(&[(4, 4)], 16);
    let whole = embed(&inputs);
    let _ = inputs.pixel_attention_mask.narrow(1, 0, 1).fill_(0);
    assert!(distance(&whole, &embed(&inputs)) > 1e-4);
}

#[test]
fn a_batch_equals_its_images() {
    let batch = images(&[(3, 5), (5, 3)], 64);
    let together = embed(&batch);
    for index in 0..2 {
        let one = ModelInputs {
            pixel_values: batch.pixel_values.narrow(0, index, 1),
            pixel_attention_mask: batch.pixel_attention_mask.narrow(0, index, 1),
            spatial_shapes: batch.spatial_shapes.narrow(0, index, 1),
            host_shapes: None,
        };
        assert!(distance(&embed(&one), &together.narrow(0, index, 1)) < 1e-5);
    }
}

#[test]
fn both_towers_agree_and_logits_follow() {
    let inputs = images(&[(3, 5), (5, 3)], 64);
    let text = seeded_ids(3, &Config::tiny().text, 1).unwrap();
    let full = model(Tower::Full).forward(&inputs, Some(&text)).unwrap();
    assert_eq!(full.image_embeds, embed(&inputs));
    let texts = full.text_embeds.unwrap();
    let logits = full.logits_per_image.unwrap();
    assert_eq!((texts.size(), logits.size()), (vec![3, 64], vec![2, 3]));
    let expected = full.image_embeds.matmul(&texts.transpose(0, 1)) * 2.3f64.exp() - 10.0;
    assert!(distance(&logits, &expected) < 1e-4);
    assert!(!full.image_embeds.requires_grad());
}

#[test]
fn half_precision_stays_near() {
    let config = Config::tiny();
    let weights = Weights::random(&config, 5, Device::Cpu, Kind::Float).unwrap();
    let inputs = images(&[(7, 9), (2, 3)], 64);
    let text = seeded_ids(2, &config.text, 1).unwrap();
    let exact = embed(&inputs);
    for kind in [Kind::BFloat16, Kind::Half] {
        let model = Siglip2::new(&config, &weights.to_kind(kind).unwrap(), Tower::Full).unwrap();
        let outputs = model.forward(&inputs, Some(&text)).unwrap();
        assert_eq!(outputs.image_embeds.kind(), kind);
        assert!(distance(&outputs.image_embeds.to_kind(Kind::Float), &exact) < 0.05);
    }
}

#[test]
fn contradictions_are_refused() {
    let model = model(Tower::Vision);
    let text = seeded_ids(1, &Config::tiny().text, 1).unwrap();
    assert!(model.forward(&images(&[(2, 2)], 4), Some(&text)).is_err());
    let mut wrong = images(&[(2, 2)], 4);
    wrong.spatial_shapes = Tensor::from_slice(&[3i64, 2]).reshape([1, 2]);
    assert!(model.forward(&wrong, None).unwrap_err().to_string().contains("does not fit"));
    let mut wrong = images(&[(2, 2)], 4);
    wrong.pixel_values = wrong.pixel_values.narrow(2, 0, 588);
    assert!(model.forward(&wrong, None).unwrap_err().is::<patchmark_results::InputError>());
    let mut wrong = images(&[(2, 2)], 4);
    wrong.pixel_attention_mask = wrong.pixel_attention_mask.narrow(1, 0, 3);
    assert!(model.forward(&wrong, None).is_err());
}

#[test]
fn towers_have_names() {
    for tower in [Tower::Vision, Tower::Full] {
        assert_eq!(<Tower as clap::ValueEnum>::from_str(&tower.to_string(), false), Ok(tower));
    }
}

#[test]
fn shapes_on_the_host_are_read_where_there_are_some() {
    let inputs = images(&[(3, 5), (5, 3)], 16);
    let expected = embed(&inputs);
    let other = Tensor::from_slice(&[5i64, 3, 3, 5]).reshape([2, 2]);
    let swapped = ModelInputs { spatial_shapes: other.shallow_clone(), ..inputs.shallow_clone() };
    assert_ne!(embed(&swapped), expected);
    let host_shapes = Some(inputs.spatial_shapes.shallow_clone());
    assert_eq!(
        embed(&ModelInputs { spatial_shapes: other, host_shapes, ..inputs.shallow_clone() }),
        expected
    );
}
