//! What one call must not change about another.

use anyhow::Result;

use crate::{
    parity::bits::{all_equal, equal},
    validate::{calls::call, exam::Exam},
    worker::{
        Observation,
        protocol::{Form, ImageRef},
    },
    workload::{CorpusSpec, Pattern},
};

pub(super) fn determinism(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let images = vec![exam.noise(500, 64, 48)?, exam.noise(501, 100, 40)?];
    let first = exam.call_candidate(&call(images.clone()))?;
    for turn in 2..=4 {
        let again = exam.call_candidate(&call(images.clone()))?;
        if !all_equal(&first.tensors, &again.tensors)? {
            exam.fail("determinism", format!("call {turn} of the same batch differs from the first"), "");
            break;
        }
    }
    Ok(None)
}

/// Two batches that a cache with a careless key confuses.
struct Lookalike {
    images: Vec<ImageRef>,
    others: Vec<ImageRef>,
    what: &'static str,
    mutate: bool,
}

fn lookalikes(exam: &mut Exam<'_>) -> Result<Vec<Lookalike>> {
    let base = CorpusSpec { name: "base".into(), width: 64, height: 48, pattern: Pattern::Noise(510) };
    let base = base.render();
    // Two neighbouring blocks in the middle are swapped, so that neither corners, edges nor the sum of all values tell the
    // two images apart.
    let mut swapped = base.clone();
    swapped.name = "base with two blocks swapped".into();
    for row in 16..24 {
        let start = (row * 64 + 16) * 3;
        let (first, second) = swapped.rgb[start..start + 96].split_at_mut(48);
        first.swap_with_slice(second);
    }
    let image = exam.session.image(&base)?;
    let swapped = exam.session.image(&swapped)?;
    let other = exam.noise(511, 64, 48)?;
    let (third, fourth) = (exam.noise(512, 64, 48)?, exam.noise(513, 64, 48)?);
    let alike = |images: &[&ImageRef], others: &[&ImageRef], what, mutate| {
        let owned = |images: &[&ImageRef]| images.iter().map(|&image| image.clone()).collect();
        Lookalike { images: owned(images), others: owned(others), what, mutate }
    };
    Ok(vec![
        alike(&[&image], &[&other], "other pixels of the same size", false),
        alike(&[&image, &other], &[&third, &fourth], "a batch of other pixels of the same sizes", false),
        alike(&[&image], &[&swapped], "the same size, edges and sum of pixels", false),
        alike(&[&image], &[&other], "the same PIL object with other pixels pasted in", true),
    ])
}

pub(super) fn no_memory(exam: &mut Exam<'_>) -> Result<Option<String>> {
    for each in lookalikes(exam)? {
        if each.mutate && !exam.session.python {
            continue;
        }
        let (mut first, mut second) = (call(each.images), call(each.others));
        if each.mutate {
            // Only PIL images can have pixels pasted into them.
            (first.form, second.form, second.mutate) = (Form::Pil, Form::Pil, true);
        }
        let (reference_first, candidate_first) = exam.call_both(&first)?;
        let (reference, candidate) = exam.call_both(&second)?;
        let (candidate_first, candidate) = (exam.returned(candidate_first)?, exam.returned(candidate)?);
        let (Observation::Returned(reference_first), Observation::Returned(reference)) =
            (&reference_first, &reference)
        else {
            continue;
        };
        let unlike = !all_equal(&reference_first.tensors, &reference.tensors)?;
        let remembered = match (candidate_first.values(), candidate.values()) {
            (Some(first), Some(second)) => equal(&first, &second)?,
            _ => false,
        };
        if unlike && remembered {
            exam.fail("no-memory", format!("a second call got the first one's result: {}", each.what), "");
        }
    }
    Ok(None)
}

pub(super) fn outputs_kept(exam: &mut Exam<'_>) -> Result<Option<String>> {
    for (width, height) in [(64, 48), (300, 200)] {
        let mut first = call(vec![exam.noise(520, width, height)?, exam.noise(521, width, height)?]);
        first.keep = Some("first".into());
        let before = exam.call_candidate(&first)?;
        let others = vec![exam.noise(522, width, height)?, exam.noise(523, width, height)?];
        exam.call_candidate(&call(others))?;
        let after = exam.session.candidate.dump("first")?;
        let after = exam.returned(after)?;
        if !all_equal(&before.tensors, &after.tensors)? {
            exam.fail("outputs-kept", "the tensors of a first call changed during a second", "");
            break;
        }
    }
    Ok(None)
}
