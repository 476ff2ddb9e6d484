//! How far the values of two results are apart, and where.

use anyhow::Result;
use patchmark_results::{Difference, LEVEL, Tolerance, difference::Place};
use tch::{Kind, Tensor};

use super::bits::equal;
use crate::tensor_bytes::floats;

/// Compares the real patches of two `[B, N, P·P·3]` results; `real` is the number of them in each image.
///
/// Values that are NaN or infinite in the candidate are skipped: another check reports them.
///
/// # Errors
/// If the shapes differ or an operation fails.
pub fn measure(
    reference: &Tensor,
    candidate: &Tensor,
    real: &[i64],
    tolerance: &Tolerance,
) -> Result<Difference> {
    let mut found = Difference::default();
    for (image, &patches) in real.iter().enumerate() {
        let part = |tensor: &Tensor| {
            let row = tensor.f_get(i64::try_from(image)?)?;
            Ok::<_, anyhow::Error>(row.f_narrow(0, 0, patches)?.f_contiguous()?.f_to_kind(Kind::Float)?)
        };
        let (reference, candidate) = (part(reference)?, part(candidate)?);
        anyhow::ensure!(reference.size() == candidate.size(), "the results have different shapes");
        found.values += reference.numel() as u64;
        if equal(&reference, &candidate)? {
            continue;
        }
        let width = usize::try_from(reference.size()[1])?.max(1);
        for (index, (&reference, &candidate)) in floats(&reference).iter().zip(floats(&candidate)).enumerate()
        {
            found.observe(reference, candidate, LEVEL, tolerance, || {
                let within = index % width;
                Some(Place { image, patch: index / width, pixel: within / 3, channel: within % 3 })
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use patchmark_results::ParityClass;

    use super::*;

    fn class_of(reference: &[f32], candidate: &[f32], tolerance: &Tolerance) -> ParityClass {
        let tensor = |values: &[f32]| Tensor::from_slice(values).view([1, 1, values.len() as i64]);
        measure(&tensor(reference), &tensor(candidate), &[1], tolerance).unwrap().class()
    }

    #[test]
    fn each_class_begins_where_the_one_before_ends() {
        let exact = Tolerance::default();
        let level = LEVEL as f32;
        assert_eq!(class_of(&[0.5], &[0.5], &exact), ParityClass::Exact);
        assert_eq!(class_of(&[0.5], &[0.5 + f32::EPSILON], &exact), ParityClass::LastPlace);
        assert_eq!(class_of(&[0.0], &[-0.0], &exact), ParityClass::LastPlace);
        assert_eq!(class_of(&[0.5], &[0.5 + 1e-6], &exact), ParityClass::OneLevel);
        assert_eq!(class_of(&[0.5], &[0.5 + level], &exact), ParityClass::OneLevel);
        assert_eq!(class_of(&[0.5], &[0.5 + 2.0 * level], &exact), ParityClass::Different);
        let tolerant = Tolerance { atol: Some(0.05), ..exact };
        assert_eq!(class_of(&[0.5], &[0.5 + 2.0 * level], &tolerant), ParityClass::Within);
        assert_eq!(class_of(&[0.5], &[0.6], &tolerant), ParityClass::Different);
    }

    #[test]
    fn padding_is_not_compared_and_the_worst_value_is_placed() {
        let reference = Tensor::zeros([1, 2, 6], (Kind::Float, tch::Device::Cpu));
        let candidate = reference.copy();
        let _ = candidate.get(0).get(1).fill_(9.0);
        assert_eq!(
            measure(&reference, &candidate, &[1], &Tolerance::default()).unwrap().class(),
            ParityClass::Exact
        );
        let _ = candidate.get(0).get(0).get(4).fill_(1.0);
        let found = measure(&reference, &candidate, &[1], &Tolerance::default()).unwrap();
        assert_eq!(found.place, Some(Place { image: 0, patch: 0, pixel: 1, channel: 1 }));
        assert_eq!((found.differing, found.values), (1, 6));
    }

    #[test]
    fn a_tolerance_accepts_its_class_and_says_that_it_is_relaxed() {
        let one = Difference {
            values: 1,
            differing: 1,
            beyond_rounding: 1,
            beyond_tolerance: 1,
            ..Difference::default()
        };
        assert!(!Tolerance::default().accept(&one));
        let relaxed = Tolerance { allow: ParityClass::OneLevel, ..Tolerance::default() };
        assert!(relaxed.accept(&one));
        assert_eq!(relaxed.relaxed().as_deref(), Some("--allow one-level"));
        assert_eq!(Tolerance::default().relaxed(), None);
    }
}
