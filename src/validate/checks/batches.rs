//! What a batch must not change. An image's result is compared with other results of the candidate itself, so these
//! checks say nothing about parity.

use anyhow::Result;
use patchmark_results::text::first_line;

use crate::{
    validate::{
        calls::{call, call_with},
        exam::Exam,
    },
    worker::{Observation, Returned, protocol::ImageRef},
};

/// Sizes that a rewrite may group: equal sizes apart from each other, a size that occurs once, wide and tall images.
const MIXED: [(usize, usize); 6] = [(64, 48), (100, 40), (64, 48), (30, 90), (100, 40), (64, 48)];

fn noises(exam: &mut Exam<'_>, first: u64, sizes: &[(usize, usize)]) -> Result<Vec<ImageRef>> {
    let numbered = sizes.iter().zip(first..);
    numbered.map(|(&(width, height), number)| exam.noise(number, width, height)).collect()
}

/// Whether image `i` of one result is image `j` of another.
fn same(exam: &Exam<'_>, one: &Returned, i: usize, other: &Returned, j: usize) -> Result<bool> {
    match (one.row(i as i64), other.row(j as i64)) {
        (Some(a), Some(b)) => exam.agree(&a, &b),
        _ => Ok(false),
    }
}

/// Batch sizes at which a rewrite that works in chunks begins or ends a chunk.
const COUNTS: [usize; 6] = [16, 31, 32, 64, 67, 128];

pub(super) fn large(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let eight = noises(exam, 100, &[(40, 30); 8])?;
    // Few patches per image, so that many images are not much data.
    let small = exam.call_candidate(&call_with(eight.clone(), 16, 16))?;
    for count in COUNTS {
        let many =
            exam.call_candidate(&call_with(eight.iter().cycle().take(count).cloned().collect(), 16, 16))?;
        if many.images() != count as i64 {
            exam.fail("large-batch", format!("{count} images give {} results", many.images()), "");
            return Ok(None);
        }
        for index in 0..count {
            if !same(exam, &many, index, &small, index % 8)? {
                let detail = format!("image {index} of {count} has another result than in a batch of 8");
                exam.fail("large-batch", detail, "");
                return Ok(None);
            }
        }
    }
    Ok(None)
}

pub(super) fn empty(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let (reference, candidate) = exam.call_both(&call(Vec::new()))?;
    let Observation::Returned(candidate) = candidate else { return Ok(None) };
    let instead = match &reference {
        Observation::Returned(reference) if candidate.images() == 0 => {
            // Which keys are right is another check's question; an empty batch must have those of any other batch.
            let image = exam.noise(1, 64, 48)?;
            let usual = exam.call_candidate(&call(vec![image]))?;
            let names =
                |side: &Returned| side.entries.iter().map(|each| each.name.clone()).collect::<Vec<_>>();
            if names(&usual) == names(&candidate) {
                return Ok(None);
            }
            format!("returns empty tensors under {} keys", reference.entries.len())
        }
        Observation::Raised { message, .. } => format!("raises {}", first_line(message)),
        _ => "returns no image".into(),
    };
    let detail = format!("an empty batch gives {} images, but the reference {instead}", candidate.images());
    exam.fail("empty-batch", detail, "");
    Ok(None)
}

pub(super) fn mixed_order(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let images = noises(exam, 200, &MIXED)?;
    let batch = exam.call_candidate(&call(images.clone()))?;
    let mut alone = Vec::new();
    for image in &images {
        alone.push(exam.call_candidate(&call(vec![image.clone()]))?);
    }
    for index in 0..images.len() {
        if same(exam, &batch, index, &alone[index], 0)? {
            continue;
        }
        for (other, single) in alone.iter().enumerate().filter(|(other, _)| *other != index) {
            if same(exam, &batch, index, single, 0)? {
                let detail = format!("image {index} of a mixed batch has the result of image {other}");
                exam.fail("mixed-order", detail, "");
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// The same image at the same place must give the same result, whatever the other images of the batch.
pub(super) fn invariance(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let mut batches = Vec::new();
    // First in the batch: alone, with one neighbour of its size, with many of its size, with others of other sizes.
    for size in [(64, 48), (300, 200), (16, 16)] {
        let group = noises(exam, 300, &[size; 9])?;
        let strangers = noises(exam, 320, &[(90, 30), (20, 80), (45, 45)])?;
        batches.push(vec![group[0].clone()]);
        batches.push(group[..2].to_vec());
        batches.push(group.clone());
        batches.push([&group[..1], &strangers].concat());
        compare_first(exam, &batches, "its neighbours")?;
        batches.clear();
    }
    // Later in the batch, with other pixels before and after it.
    let one = noises(exam, 340, &MIXED)?;
    let mut other = noises(exam, 360, &MIXED)?;
    other[2] = one[2].clone();
    let (first, second) = (exam.call_candidate(&call(one))?, exam.call_candidate(&call(other))?);
    if !same(exam, &first, 2, &second, 2)? {
        exam.fail("batch-invariance", "image 2 of 6 changes with the pixels of its neighbours", "");
    }
    Ok(None)
}

fn compare_first(exam: &mut Exam<'_>, batches: &[Vec<ImageRef>], what: &str) -> Result<()> {
    let alone = exam.call_candidate(&call(batches[0].clone()))?;
    for batch in &batches[1..] {
        let together = exam.call_candidate(&call(batch.clone()))?;
        if !same(exam, &together, 0, &alone, 0)? {
            let detail = format!(
                "an image of {}×{} px changes with {what}: alone and first of {} differ",
                batch[0].width,
                batch[0].height,
                batch.len()
            );
            exam.fail("batch-invariance", detail, "");
            return Ok(());
        }
    }
    Ok(())
}

pub(super) fn permutation(exam: &mut Exam<'_>) -> Result<Option<String>> {
    let images = noises(exam, 400, &[(64, 48); 5])?;
    let forward = exam.call_candidate(&call(images.clone()))?;
    let orders: [[usize; 5]; 2] = [[4, 3, 2, 1, 0], [1, 2, 3, 4, 0]];
    for order in orders {
        let permuted =
            exam.call_candidate(&call(order.iter().map(|&index| images[index].clone()).collect()))?;
        for (place, &index) in order.iter().enumerate() {
            if !same(exam, &permuted, place, &forward, index)? {
                let detail = format!("the image at place {index} has another result at place {place}");
                exam.fail("permutation", detail, "");
                return Ok(None);
            }
        }
    }
    Ok(None)
}
