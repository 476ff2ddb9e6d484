//! What a difference in pixel values does to the model's embeddings, which is what a user notices.

use anyhow::Result;
use patchmark_results::validation::Embeddings;
use tch::{Device, Kind, Tensor};

use super::{
    calls::call,
    exam::{Exam, Stop},
    settings::Settings,
};
use crate::{
    inputs::ModelInputs,
    model::{Forward, ModelSource, Siglip2, Tower, seeded_ids},
    python,
    worker::{Observation, Returned},
};

/// Images that go through the model.
const IMAGES: usize = 8;
/// Texts that the images are compared with.
const TEXTS: usize = 16;

/// Runs the photographs through the candidate and the reference, and both through the model.
pub(super) fn compare(
    exam: &mut Exam<'_>,
    settings: &Settings,
    source: &ModelSource,
) -> Result<Option<Embeddings>> {
    let mut images = Vec::new();
    for image in settings.photographs.iter().take(IMAGES) {
        images.push(exam.session.image(image)?);
    }
    if images.is_empty() {
        return Ok(None);
    }
    let count = images.len();
    let (reference, candidate) = match exam.call_both(&call(images)) {
        Ok(pair) => pair,
        Err(error) => return error.downcast::<Stop>().map(|_| None),
    };
    let (Observation::Returned(reference), Observation::Returned(candidate)) = (&reference, &candidate)
    else {
        return Ok(None);
    };
    let (Some(reference), Some(candidate)) = (inputs(reference, count), inputs(candidate, count)) else {
        return Ok(None);
    };

    let loaded = source.load(settings.seed, Device::Cpu, Kind::Float, &python::model::download)?;
    let text = seeded_ids(TEXTS, &loaded.config.text, settings.seed)?;
    let model = Siglip2::new(&loaded.config, &loaded.weights, Tower::Full)?;
    let (reference, candidate) =
        (model.forward(&reference, Some(&text))?, model.forward(&candidate, Some(&text))?);
    let cosine =
        reference.image_embeds.f_mul(&candidate.image_embeds)?.f_sum_dim_intlist(-1, false, Kind::Double)?;
    let (Some(logits), Some(other)) = (reference.logits_per_image, candidate.logits_per_image) else {
        return Ok(None);
    };
    let best = |logits: &Tensor| logits.f_argmax(-1, false);
    Ok(Some(Embeddings {
        model: source.to_string(),
        random: loaded.random,
        images: count,
        worst_cosine: cosine.f_min()?.f_double_value(&[])?,
        worst_logit: logits.f_sub(&other)?.f_abs()?.f_max()?.f_double_value(&[])?,
        top1_agreement: best(&logits)?.f_eq_tensor(&best(&other)?)?.f_sum(Kind::Int64)?.f_int64_value(&[])?
            as usize,
    }))
}

/// The three tensors as the model takes them; none if a shape is wrong.
fn inputs(returned: &Returned, images: usize) -> Option<ModelInputs> {
    let tensor = |name: &str, kind| returned.tensors.get(name)?.f_to_kind(kind).ok();
    let pixel_values = tensor("pixel_values", Kind::Float)?;
    let pixel_attention_mask = tensor("pixel_attention_mask", Kind::Int)?;
    let spatial_shapes = tensor("spatial_shapes", Kind::Int64)?;
    let fits = pixel_values.dim() == 3
        && pixel_attention_mask.dim() == 2
        && spatial_shapes.size() == [images as i64, 2]
        && pixel_values.size()[0] == images as i64;
    fits.then_some(ModelInputs { pixel_values, pixel_attention_mask, spatial_shapes, host_shapes: None })
}
