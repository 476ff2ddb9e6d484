//! Tests with a recorder that repeats the work on the host and, as a device would, writes to the memory of the first
//! time.

use std::cell::Cell;

use tch::{Device, Kind};

use super::*;
use crate::model::{Config, Tower, Weights, seeded_ids};

/// Repeats work on a CPU.
#[derive(Default)]
struct OnHost {
    recorded: Rc<Cell<usize>>,
}

impl Recorder for OnHost {
    type Recording = (Work, ModelOutputs);

    fn record(&self, work: Work) -> Result<(Self::Recording, ModelOutputs)> {
        self.recorded.set(self.recorded.get() + 1);
        let outputs = work()?;
        let same = outputs.map(|output| Ok(output.shallow_clone()))?;
        Ok(((work, same), outputs))
    }

    fn replay(&self, (work, outputs): &Self::Recording) -> Result<()> {
        let again = work()?;
        let write = |to: &Tensor, from: &Tensor| to.shallow_clone().copy_(from);
        write(&outputs.image_embeds, &again.image_embeds);
        if let (Some(to), Some(from)) = (&outputs.text_embeds, &again.text_embeds) {
            write(to, from);
        }
        if let (Some(to), Some(from)) = (&outputs.logits_per_image, &again.logits_per_image) {
            write(to, from);
        }
        Ok(())
    }
}

fn model(tower: Tower, kind: Kind) -> Siglip2 {
    let config = Config::tiny();
    let weights = Weights::random(&config, 5, Device::Cpu, Kind::Float).unwrap().to_kind(kind).unwrap();
    Siglip2::new(&config, &weights, tower).unwrap()
}

/// Images with these grids; another seed gives other pixels.
fn images(grids: &[[i64; 2]], length: i64, seed: i64) -> ModelInputs {
    let options = (Kind::Float, Device::Cpu);
    let count = grids.len() as i64;
    let pixel_values = (Tensor::arange(count * length * 768, options) * 0.37 + seed).sin();
    let real: Vec<i64> = grids.iter().map(|[rows, columns]| rows * columns).collect();
    let places = Tensor::arange(length, (Kind::Int64, Device::Cpu)).unsqueeze(0);
    ModelInputs {
        pixel_values: pixel_values.reshape([count, length, 768]),
        pixel_attention_mask: places.lt_tensor(&Tensor::from_slice(&real).unsqueeze(1)).to_kind(Kind::Int),
        spatial_shapes: Tensor::from_slice(grids.as_flattened()).reshape([-1, 2]),
        host_shapes: None,
    }
}

#[track_caller]
fn assert_same(one: &ModelOutputs, other: &ModelOutputs) {
    assert_eq!(one.image_embeds, other.image_embeds);
    assert_eq!(one.text_embeds, other.text_embeds);
    assert_eq!(one.logits_per_image, other.logits_per_image);
}

#[test]
fn a_replay_computes_the_batch_that_it_is_given() {
    for kind in [Kind::Float, Kind::BFloat16] {
        let (plain, recorder) = (model(Tower::Full, kind), OnHost::default());
        let recorded = Rc::clone(&recorder.recorded);
        let replayed = Recorded::new(model(Tower::Full, kind), recorder);
        let text = |seed| seeded_ids(2, &Config::tiny().text, seed).unwrap();
        // Other pixels, other grids, other texts, and the first again: one recording for all.
        for (grids, seed) in [([[3, 5], [5, 3]], 0), ([[3, 5], [5, 3]], 1), ([[2, 2], [4, 4]], 2)] {
            let (inputs, text) = (images(&grids, 16, seed), text(seed as u64));
            let actual = replayed.forward(&inputs, Some(&text)).unwrap();
            assert_same(&actual, &plain.forward(&inputs, Some(&text)).unwrap());
        }
        assert_eq!(recorded.get(), 1);
    }
}

#[test]
fn another_shape_is_recorded_anew() {
    let (plain, recorder) = (model(Tower::Full, Kind::Float), OnHost::default());
    let recorded = Rc::clone(&recorder.recorded);
    let replayed = Recorded::new(model(Tower::Full, Kind::Float), recorder);
    let ids = seeded_ids(2, &Config::tiny().text, 0).unwrap();
    let mask = ids.input_ids.ones_like();
    let _ = mask.narrow(1, 8, 4).fill_(0);
    let masked = TextInputs { input_ids: ids.input_ids.shallow_clone(), attention_mask: Some(mask) };
    let cases = [
        (images(&[[3, 5], [5, 3]], 16, 0), &ids),
        (images(&[[3, 5], [5, 3]], 20, 0), &ids),
        (images(&[[3, 5]], 16, 0), &ids),
        (images(&[[3, 5]], 16, 0), &masked),
    ];
    for _ in 0..2 {
        for (inputs, text) in &cases {
            let actual = replayed.forward(inputs, Some(text)).unwrap();
            assert_same(&actual, &plain.forward(inputs, Some(text)).unwrap());
        }
    }
    assert_eq!(recorded.get(), cases.len());
}

#[test]
fn a_replay_leaves_the_outputs_of_the_one_before() {
    let replayed = Recorded::new(model(Tower::Vision, Kind::Float), OnHost::default());
    let first = replayed.forward(&images(&[[3, 5]], 16, 0), None).unwrap();
    let kept = first.image_embeds.copy();
    let second = replayed.forward(&images(&[[3, 5]], 16, 1), None).unwrap();
    assert_eq!(first.image_embeds, kept);
    assert_ne!(second.image_embeds, kept);
}

#[test]
fn many_shapes_do_not_stay() {
    let replayed = Recorded::new(model(Tower::Vision, Kind::Float), OnHost::default());
    for length in 4..4 + RECORDINGS as i64 + 3 {
        replayed.forward(&images(&[[2, 2]], length, 0), None).unwrap();
        assert!(replayed.passes.borrow().len() <= RECORDINGS);
    }
}

#[test]
fn what_the_forward_refuses_is_not_recorded() {
    let recorder = OnHost::default();
    let recorded = Rc::clone(&recorder.recorded);
    let replayed = Recorded::new(model(Tower::Vision, Kind::Float), recorder);
    let mut wrong = images(&[[2, 2]], 4, 0);
    wrong.pixel_values = wrong.pixel_values.narrow(2, 0, 588);
    assert!(replayed.forward(&wrong, None).unwrap_err().is::<patchmark_results::InputError>());
    assert_eq!(recorded.get(), 0);
}
