//! The comparison of two [`ModelInputs`].

use anyhow::Result;
use patchmark_results::ParityStatus;
use tch::{Kind, Tensor};

use super::bits::{bits, equal};
use crate::inputs::ModelInputs;

/// What a comparison found. Values are equal if their bits are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Values compared; all values of a tensor whose dtype or shape is wrong count as differing.
    pub total: u64,
    /// Values that differ.
    pub differing: u64,
    /// The largest absolute difference; infinite if a contract is broken or a value is NaN.
    pub worst: f64,
    /// The image of the batch with the worst difference; none if a contract is broken.
    pub image: Option<usize>,
    /// A sentence about the first broken contract or the worst difference.
    pub detail: String,
    /// The images of the batch that differ, in order.
    pub images: Vec<ImageComparison>,
}

/// What a comparison found in one image of the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageComparison {
    /// Its place in the batch.
    pub image: usize,
    /// Values that differ; for a tensor whose contract is broken, the image's share of its values.
    pub differing: u64,
    /// The largest absolute difference; infinite if a contract is broken or a value is NaN.
    pub worst: f64,
    /// The largest absolute difference in `pixel_values`; none if those are equal or a contract is broken.
    pub pixels: Option<f64>,
}

impl Comparison {
    /// Whether every key, dtype, shape and value is equal.
    pub fn is_exact(&self) -> bool {
        self.differing == 0
    }

    /// The status that a run records.
    pub fn status(&self) -> ParityStatus {
        if self.is_exact() {
            ParityStatus::Exact
        } else {
            ParityStatus::Differs { values: self.differing, total: self.total, detail: self.detail.clone() }
        }
    }

    /// Adds what was found in one tensor of an image.
    fn add(&mut self, of_tensor: ImageComparison) {
        match self.images.binary_search_by_key(&of_tensor.image, |found| found.image) {
            Ok(place) => {
                let found = &mut self.images[place];
                found.differing += of_tensor.differing;
                found.worst = found.worst.max(of_tensor.worst);
                found.pixels = found.pixels.or(of_tensor.pixels);
            }
            Err(place) => self.images.insert(place, of_tensor),
        }
    }
}

/// Compares `candidate` with `reference`.
///
/// # Errors
/// If a tensor cannot be brought to the host.
pub fn compare(reference: &ModelInputs, candidate: &ModelInputs) -> Result<Comparison> {
    let mut found = Comparison::default();
    let mut contract = None;
    let batch = reference.spatial_shapes.size().first().map_or(0, |&images| images.max(0) as usize);
    for ((name, reference), (_, candidate)) in reference.named().into_iter().zip(candidate.named()) {
        let values = reference.numel() as u64;
        found.total += values;
        let broken = if reference.kind() != candidate.kind() {
            Some(format!("{name} is {:?} instead of {:?}", candidate.kind(), reference.kind()))
        } else if reference.size() != candidate.size() {
            Some(format!("{name} has shape {:?} instead of {:?}", candidate.size(), reference.size()))
        } else {
            None
        };
        if let Some(broken) = broken {
            // At least one, so that an empty tensor of the wrong dtype does not count as equal.
            found.differing += values.max(1);
            contract.get_or_insert(broken);
            for image in 0..batch {
                let share = (values / batch as u64).max(1);
                found.add(ImageComparison { image, differing: share, worst: f64::INFINITY, pixels: None });
            }
            continue;
        }
        compare_values(name, reference, candidate, &mut found)?;
    }
    if let (None, Some(told)) = (&contract, &candidate.host_shapes) {
        // They are not part of the contract, but the forward reads them.
        if !equal(told, &candidate.spatial_shapes)? {
            found.differing += 1;
            contract = Some("host_shapes are not spatial_shapes".to_owned());
        }
    }
    // If a contract is broken, the model fails before values matter.
    if let Some(broken) = contract {
        found.detail = broken;
        found.image = None;
        found.worst = f64::INFINITY;
        found.images.iter_mut().for_each(|image| image.pixels = None);
    }
    Ok(found)
}

fn compare_values(name: &str, reference: &Tensor, candidate: &Tensor, found: &mut Comparison) -> Result<()> {
    let differs = bits(reference)?.f_ne_tensor(&bits(candidate)?)?;
    let count = differs.f_sum(Kind::Int64)?.f_int64_value(&[])?;
    if count == 0 {
        return Ok(());
    }
    found.differing += count as u64;
    let distances = distances(reference, candidate, &differs)?;
    by_image(&differs, &distances, name == "pixel_values", found)?;
    let flat = distances.f_flatten(0, -1)?;
    let position = flat.f_argmax(None, false)?.f_int64_value(&[])?;
    let worst = flat.f_double_value(&[position])?;
    if worst >= found.worst || found.detail.is_empty() {
        let index = unravel(position, &reference.size());
        found.worst = worst;
        found.image = index.first().map(|&image| image as usize);
        // As f32, so that neighbouring values are written differently and shapes as whole numbers.
        let value = |tensor: &Tensor| {
            Ok::<_, anyhow::Error>(tensor.f_to_kind(Kind::Double)?.f_double_value(&index)? as f32)
        };
        found.detail = format!(
            "by at most {worst:.2e}: {name}{index:?} is {}, not {}",
            value(candidate)?,
            value(reference)?
        );
    }
    Ok(())
}

/// Adds the differences of one tensor to the images of the batch in which they are.
fn by_image(differs: &Tensor, distances: &Tensor, pixels: bool, found: &mut Comparison) -> Result<()> {
    let images = [differs.size().first().copied().unwrap_or(1), -1];
    let counts = differs.f_reshape(images)?.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Int64)?;
    let worst = distances.f_reshape(images)?.f_amax([1i64].as_slice(), false)?;
    let (counts, worst) = (Vec::<i64>::try_from(counts)?, Vec::<f64>::try_from(worst)?);
    for (image, (count, worst)) in counts.into_iter().zip(worst).enumerate().filter(|(_, (n, _))| *n > 0) {
        let pixels = pixels.then_some(worst);
        found.add(ImageComparison { image, differing: count as u64, worst, pixels });
    }
    Ok(())
}

/// The absolute differences on the host as f64. Equal bits give −1, so that a difference in the sign of zero, whose
/// size is 0, can be distinguished from no difference. NaN gives infinity, the largest difference.
pub(super) fn distances(reference: &Tensor, candidate: &Tensor, differs: &Tensor) -> Result<Tensor> {
    let values = |tensor: &Tensor| tensor.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Double);
    let distances = values(candidate)?.f_subtract(&values(reference)?)?.f_abs()?;
    let distances = distances.f_nan_to_num(f64::INFINITY, f64::INFINITY, f64::INFINITY)?;
    Ok(distances.f_masked_fill(&differs.f_logical_not()?, -1.0)?)
}

/// The index along each dimension for a flat position.
fn unravel(mut position: i64, size: &[i64]) -> Vec<i64> {
    let mut index: Vec<i64> = size
        .iter()
        .rev()
        .map(|&side| {
            let at = position % side;
            position /= side;
            at
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    fn inputs() -> ModelInputs {
        ModelInputs {
            pixel_values: Tensor::arange(24, (Kind::Float, Device::Cpu)).view([2, 3, 4]),
            pixel_attention_mask: Tensor::ones([2, 3], (Kind::Int, Device::Cpu)),
            spatial_shapes: Tensor::from_slice(&[1i64, 3, 3, 1]).view([2, 2]),
            host_shapes: None,
        }
    }

    #[test]
    fn shapes_that_the_host_is_told_wrongly_are_a_broken_contract() {
        let told = |shapes: &[i64]| {
            let host_shapes = Some(Tensor::from_slice(shapes).view([2, 2]));
            compare(&inputs(), &ModelInputs { host_shapes, ..inputs() }).unwrap()
        };
        assert!(told(&[1, 3, 3, 1]).is_exact());
        let wrong = told(&[3, 1, 1, 3]);
        assert!(!wrong.is_exact() && wrong.detail.contains("host_shapes"), "{}", wrong.detail);
    }

    #[test]
    fn equal_tensors_are_exact() {
        let found = compare(&inputs(), &inputs()).unwrap();
        assert!(found.is_exact());
        assert_eq!(found.total, 24 + 6 + 4);
    }

    #[test]
    fn one_changed_value_is_found_where_it_is() {
        let changed = inputs();
        let _ = changed.pixel_values.get(1).get(2).get(3).fill_(20.0);
        let found = compare(&inputs(), &changed).unwrap();
        assert_eq!((found.differing, found.worst, found.image), (1, 3.0, Some(1)));
        let image = ImageComparison { image: 1, differing: 1, worst: 3.0, pixels: Some(3.0) };
        assert_eq!(found.images, [image]);
        assert!(found.detail.contains("[1, 2, 3] is 20, not 23"), "{}", found.detail);
    }

    #[test]
    fn int32_spatial_shapes_break_the_contract_whatever_else_differs() {
        let mut changed = inputs();
        let _ = changed.pixel_values.get(1).fill_(20.0);
        changed.spatial_shapes = changed.spatial_shapes.to_kind(Kind::Int);
        let found = compare(&inputs(), &changed).unwrap();
        assert!(!found.is_exact());
        assert!(found.detail.contains("spatial_shapes is Int instead of Int64"));
        let image =
            |image, differing| ImageComparison { image, differing, worst: f64::INFINITY, pixels: None };
        assert_eq!(found.images, [image(0, 2), image(1, 2 + 11)]);
    }

    #[test]
    fn swapped_rows_and_columns_differ() {
        let mut changed = inputs();
        changed.spatial_shapes = changed.spatial_shapes.flip([1]);
        let found = compare(&inputs(), &changed).unwrap();
        assert_eq!(found.differing, 4);
        let image = |image| ImageComparison { image, differing: 2, worst: 2.0, pixels: None };
        assert_eq!(found.images, [image(0), image(1)]);
    }

    #[test]
    fn another_shape_is_not_broadcast() {
        let mut changed = inputs();
        changed.pixel_attention_mask = changed.pixel_attention_mask.narrow(1, 0, 1);
        assert_eq!(compare(&inputs(), &changed).unwrap().differing, 6);
    }

    #[test]
    fn nan_is_a_difference_but_equals_itself_and_negative_zero_differs() {
        let (nan, zero) = (inputs(), inputs());
        let _ = nan.pixel_values.get(0).fill_(f64::NAN);
        assert!(compare(&nan, &nan).unwrap().is_exact());
        let found = compare(&inputs(), &nan).unwrap();
        assert_eq!((found.differing, found.worst), (12, f64::INFINITY));
        let _ = zero.pixel_values.get(0).get(0).get(0).fill_(-0.0);
        let found = compare(&inputs(), &zero).unwrap();
        assert_eq!((found.differing, found.images[0].pixels), (1, Some(0.0)));
    }
}
