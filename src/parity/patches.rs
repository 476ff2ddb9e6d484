//! Where in an image two processors differ, by patch of its `pixel_values`.

use anyhow::Result;
use patchmark_results::{Heat, parity::saved};

use super::{bits::bits, compare::distances};
use crate::inputs::ModelInputs;

/// The largest difference in each real patch of one image of the batch, which is image number `place` of the corpus.
///
/// None if no real patch differs, or the two outputs cannot be compared patch by patch.
///
/// # Errors
/// If a tensor cannot be brought to the host.
pub(super) fn heat(
    reference: &ModelInputs,
    candidate: &ModelInputs,
    image: usize,
    place: usize,
) -> Result<Option<Heat>> {
    let shapes = &reference.spatial_shapes;
    let (reference, candidate) = (&reference.pixel_values, &candidate.pixel_values);
    if reference.size() != candidate.size() || reference.kind() != candidate.kind() {
        return Ok(None);
    }
    let index = i64::try_from(image)?;
    let shape = Vec::<i64>::try_from(shapes.f_get(index)?.f_to_device(tch::Device::Cpu)?)?;
    let (reference, candidate) = (reference.f_get(index)?, candidate.f_get(index)?);
    let &[rows, columns] = shape.as_slice() else { return Ok(None) };
    let patches = rows.checked_mul(columns).filter(|patches| (1..=reference.size()[0]).contains(patches));
    let Some(patches) = patches else { return Ok(None) };
    let (reference, candidate) = (reference.f_narrow(0, 0, patches)?, candidate.f_narrow(0, 0, patches)?);
    let differs = bits(&reference)?.f_ne_tensor(&bits(&candidate)?)?;
    if !differs.f_any()?.f_int64_value(&[])?.is_positive() {
        return Ok(None);
    }
    let worst = distances(&reference, &candidate, &differs)?.f_amax([1i64].as_slice(), false)?;
    let worst = Vec::<f64>::try_from(worst)?.into_iter().map(|worst| saved(worst.max(0.0))).collect();
    Ok(Some(Heat { image: place, rows: usize::try_from(rows)?, columns: usize::try_from(columns)?, worst }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind, Tensor};

    /// Two images of 2×1 and 1×2 patches, padded to three.
    fn inputs() -> ModelInputs {
        ModelInputs {
            pixel_values: Tensor::zeros([2, 3, 12], (Kind::Float, Device::Cpu)),
            pixel_attention_mask: Tensor::ones([2, 3], (Kind::Int, Device::Cpu)),
            spatial_shapes: Tensor::from_slice(&[2i64, 1, 1, 2]).view([2, 2]),
            host_shapes: None,
        }
    }

    #[test]
    fn each_real_patch_has_its_largest_difference() {
        let changed = inputs();
        let _ = changed.pixel_values.get(1).get(0).get(7).fill_(-0.5);
        let _ = changed.pixel_values.get(1).get(0).get(8).fill_(0.25);
        let _ = changed.pixel_values.get(1).get(1).get(0).fill_(f64::NAN);
        let found = heat(&inputs(), &changed, 1, 9).unwrap();
        assert_eq!(found, Some(Heat { image: 9, rows: 1, columns: 2, worst: vec![Some(0.5), None] }));
        assert_eq!(heat(&inputs(), &changed, 0, 0).unwrap(), None);
    }

    #[test]
    fn padding_and_other_shapes_have_no_patches_and_a_sign_of_zero_has() {
        let padded = inputs();
        let _ = padded.pixel_values.get(0).get(2).fill_(1.0);
        assert_eq!(heat(&inputs(), &padded, 0, 0).unwrap(), None);
        let mut other = inputs();
        other.pixel_values = Tensor::zeros([2, 4, 12], (Kind::Float, Device::Cpu));
        assert_eq!(heat(&inputs(), &other, 0, 0).unwrap(), None);
        let zero = inputs();
        let _ = zero.pixel_values.get(0).get(1).get(3).fill_(-0.0);
        assert_eq!(heat(&inputs(), &zero, 0, 0).unwrap().unwrap().worst, [Some(0.0), Some(0.0)]);
        let mut huge = inputs();
        huge.spatial_shapes = Tensor::from_slice(&[i64::MAX, 2, 1, 2]).view([2, 2]);
        assert_eq!(heat(&huge, &zero, 0, 0).unwrap(), None);
    }
}
