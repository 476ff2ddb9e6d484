//! Looks for the smallest image that still fails a check on results.

use anyhow::Result;

use super::{calls::limit_of, exam::Exam, inspect::inspect, sight::Sight};
use crate::{
    worker::{Observation, images::read_image, protocol::Call},
    workload::DecodedImage,
};

/// Calls that shrinking may make.
const CALLS: usize = 48;

/// Crops the failing image while the check still fails; none if no smaller image fails.
pub(super) fn smallest(exam: &mut Exam<'_>, check: &str) -> Result<Option<DecodedImage>> {
    let Some(call) = exam.shown_by(check).and_then(Sight::call).cloned() else { return Ok(None) };
    let [image] = call.images.as_slice() else { return Ok(None) };
    if image.mode != "RGB" || !call.keywords.contains_key("max_num_patches") || check == "survives" {
        return Ok(None);
    }
    let mut best = read_image(image)?;
    let mut calls = 0;
    let mut shrunk = false;
    'smaller: loop {
        for (width, height) in steps(best.width, best.height) {
            if calls == CALLS {
                break 'smaller;
            }
            calls += 1;
            let smaller = crop(&best, width, height);
            if fails(exam, check, &call, &smaller)? {
                (best, shrunk) = (smaller, true);
                continue 'smaller;
            }
        }
        break;
    }
    Ok(shrunk.then_some(best))
}

/// Sizes to try next, the largest reduction first.
fn steps(width: usize, height: usize) -> Vec<(usize, usize)> {
    let mut steps = Vec::new();
    for (numerator, denominator) in [(1, 2), (3, 4)] {
        let (w, h) = ((width * numerator / denominator).max(1), (height * numerator / denominator).max(1));
        steps.extend([(w, h), (w, height), (width, h)]);
    }
    steps.extend([(width.max(2) - 1, height), (width, height.max(2) - 1)]);
    steps.retain(|step| *step != (width, height));
    steps
}

/// The top left part of an image.
fn crop(image: &DecodedImage, width: usize, height: usize) -> DecodedImage {
    let rows = image.rgb.chunks_exact(image.width * 3).take(height);
    let rgb = rows.flat_map(|row| &row[..width * 3]).copied().collect();
    DecodedImage { name: format!("{}, cut to {width}x{height}", image.name), width, height, rgb }
}

fn fails(exam: &mut Exam<'_>, check: &str, call: &Call, image: &DecodedImage) -> Result<bool> {
    let written = exam.session.image(image)?;
    let call = Call { images: vec![written.clone()], ..call.clone() };
    let shows = shows(exam, check, &call)?;
    exam.session.forget(&written);
    Ok(shows)
}

/// Whether a call, made again, fails a check on results.
pub(super) fn shows(exam: &mut Exam<'_>, check: &str, call: &Call) -> Result<bool> {
    let (reference, candidate) = exam.session.call_both(call)?;
    Ok(match (&reference, &candidate) {
        (Observation::Returned(reference), Observation::Returned(candidate)) => {
            let found = inspect(reference, candidate, limit_of(call), &exam.tolerance)?;
            found.broken.iter().any(|(broken, _)| *broken == check)
                || (check == "parity"
                    && found.parity.is_some_and(|measured| !exam.tolerance.accept(&measured)))
        }
        (Observation::Returned(_), Observation::Raised { .. }) => check == "accepts",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_only_ever_get_smaller_and_end_at_one_pixel() {
        assert!(steps(1, 1).is_empty());
        assert!(steps(7, 3).iter().all(|&(w, h)| (1..=7).contains(&w) && (1..=3).contains(&h)));
    }

    #[test]
    fn a_cut_keeps_the_top_left() {
        let image = DecodedImage::new("i", 2, 2, (0..12).collect()).unwrap();
        assert_eq!(crop(&image, 1, 2).rgb, [0, 1, 2, 6, 7, 8]);
    }
}
