//! Compares one result with the reference's and names every broken rule by the check that guards it.
//!
//! A fault is named once. If it necessarily breaks several rules (too many patches also have the wrong shape), it goes
//! to the most specific check.

use anyhow::Result;
use patchmark_results::{Difference, Tolerance, text::plural};
use tch::{Kind, Tensor};

use crate::{
    parity::{self, bits::all_equal},
    tensor_bytes::floats,
    worker::Returned,
};

/// What the comparison of two results showed.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    /// Each broken rule: the check's name and a sentence.
    pub broken: Vec<(&'static str, String)>,
    /// How far the values are apart; none if they cannot be compared.
    pub parity: Option<Difference>,
}

/// Compares `candidate` with `reference`; `limit` is the `max_num_patches` of the call.
pub(super) fn inspect(
    reference: &Returned,
    candidate: &Returned,
    limit: i64,
    tolerance: &Tolerance,
) -> Result<Inspection> {
    let mut found = Inspection::default();
    let mut broken = |check, sentence: String| found.broken.push((check, sentence));
    if !candidate.mapping {
        broken("keys", "the result is not a mapping with keys".into());
        return Ok(found);
    }
    let names = |side: &Returned| side.entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>();
    let (wanted, has) = (names(reference), names(candidate));
    for name in wanted.iter().filter(|name| !has.contains(name)) {
        broken("keys", format!("{name} is missing"));
    }
    for name in has.iter().filter(|name| !wanted.contains(name)) {
        broken("keys", format!("{name} should not be there"));
    }

    let shapes = candidate.shapes();
    let over =
        shapes.as_ref().and_then(|shapes| shapes.iter().find(|[rows, columns]| rows * columns > limit));
    let reference_over =
        reference.shapes().is_some_and(|shapes| shapes.iter().any(|[rows, columns]| rows * columns > limit));
    let over = over.filter(|_| !reference_over);
    if let Some([rows, columns]) = over {
        broken("patch-limit", format!("{rows} rows × {columns} columns exceed {limit} patches"));
    }
    let mut comparable = over.is_none();
    for entry in &candidate.entries {
        let Some(wanted) = reference.entries.iter().find(|wanted| wanted.name == entry.name) else {
            continue;
        };
        let name = &entry.name;
        if entry.kind != "tensor" {
            broken("tensor-types", format!("{name} is a {} instead of a torch.Tensor", entry.kind));
        } else if entry.device != "cpu" || entry.grad {
            let fault = if entry.grad { "requires a gradient" } else { "is not on the CPU" };
            broken("tensor-types", format!("{name} {fault}"));
        }
        if !entry.dtype.is_empty() && entry.dtype != wanted.dtype {
            broken("dtypes", format!("{name} is {} instead of {}", entry.dtype, wanted.dtype));
        }
        if entry.shape != wanted.shape && over.is_none() {
            let squeezed = wanted.shape.first() == Some(&1) && entry.shape == wanted.shape[1..];
            let check = if squeezed { "batch-of-one" } else { "shapes" };
            broken(check, format!("{name} has shape {:?} instead of {:?}", entry.shape, wanted.shape));
            comparable = comparable && squeezed;
        }
    }
    if comparable {
        found.contents(reference, candidate, tolerance)?;
    }
    Ok(found)
}

/// How many values the images of a candidate have that returns the reference's tensors bit for bit, which is what most do;
/// none if it differs in any way, even where the reference breaks a rule itself.
fn same(reference: &Returned, candidate: &Returned) -> Result<Option<u64>> {
    if !all_equal(&reference.tensors, &candidate.tensors)? {
        return Ok(None);
    }
    let width = reference.tensors.get("pixel_values").and_then(|values| values.size().last().copied());
    let (Some(width), Some(shapes)) = (width, reference.shapes()) else { return Ok(None) };
    Ok(shapes.iter().map(|[rows, columns]| (rows * columns * width) as u64).sum::<u64>().into())
}

impl Inspection {
    /// Compares the values, once all shapes are known to fit.
    fn contents(&mut self, reference: &Returned, candidate: &Returned, tolerance: &Tolerance) -> Result<()> {
        if let Some(values) = same(reference, candidate)? {
            self.parity = Some(Difference { values, ..Difference::default() });
            return Ok(());
        }
        let Some(wanted) = reference.shapes() else { return Ok(()) };
        let aligned = |name: &str| -> Option<Tensor> {
            let size = reference.tensors.get(name)?.size();
            candidate.tensors.get(name)?.f_reshape(&size).ok()
        };
        let mut agree = true;
        if let Some(has) = candidate.shapes() {
            for (image, (wanted, has)) in wanted.iter().zip(&has).enumerate().filter(|(_, (a, b))| a != b) {
                let swapped =
                    if [wanted[1], wanted[0]] == *has { ": rows and columns are swapped" } else { "" };
                self.broken.push((
                    "spatial-shapes",
                    format!("image {image} has (rows, columns) {has:?} instead of {wanted:?}{swapped}"),
                ));
                agree = false;
            }
            if let Some(mask) = aligned("pixel_attention_mask") {
                self.mask(&mask, &has)?;
            }
        }
        let Some(values) = aligned("pixel_values").map(|values| values.f_to_kind(Kind::Float)).transpose()?
        else {
            return Ok(());
        };
        let values = values.f_contiguous()?;
        let infinite = floats(&values).iter().filter(|value| !value.is_finite()).count();
        if infinite > 0 {
            let values = plural(infinite as u64, "NaN or infinite value");
            self.broken.push(("finite", format!("pixel_values has {values}")));
        }
        if !agree {
            // The patches cannot be matched up, and the wrong sizes have to be fixed first.
            return Ok(());
        }
        let real: Vec<i64> = wanted.iter().map(|[rows, columns]| rows * columns).collect();
        self.padding(&values, &real, tolerance)?;
        if let Some(reference) = reference.values() {
            self.parity = Some(parity::measure(&reference, &values, &real, tolerance)?);
        }
        Ok(())
    }

    /// Checks that the mask is one for each patch that the image has, and then zero.
    fn mask(&mut self, mask: &Tensor, shapes: &[[i64; 2]]) -> Result<()> {
        for (image, [rows, columns]) in shapes.iter().enumerate() {
            let row = mask.f_get(i64::try_from(image)?)?.f_to_kind(Kind::Int64)?;
            let values: Vec<i64> = Vec::try_from(row.f_flatten(0, -1)?)?;
            let real = usize::try_from(rows.saturating_mul(*columns)).unwrap_or(0);
            let fault = values.iter().enumerate().find(|(index, value)| **value != i64::from(*index < real));
            if let Some((index, value)) = fault {
                let sentence = format!(
                    "the mask of image {image} is {value} at patch {index}, but its shape is {rows}×{columns}"
                );
                self.broken.push(("mask", sentence));
            }
        }
        Ok(())
    }

    /// Checks that everything after the real patches is zero. If equal bits are required, negative zero, which a
    /// product with the mask leaves, is not accepted.
    fn padding(&mut self, values: &Tensor, real: &[i64], tolerance: &Tolerance) -> Result<()> {
        for (image, &real) in real.iter().enumerate() {
            let row = values.f_get(i64::try_from(image)?)?;
            let padded = row.size()[0] - real;
            if padded <= 0 {
                continue;
            }
            let rest = row.f_narrow(0, real, padded)?.f_contiguous()?;
            let bits = tolerance.relaxed().is_none();
            let wrong = floats(&rest)
                .iter()
                .filter(|value| if bits { value.to_bits() != 0 } else { **value != 0.0 })
                .count();
            if wrong > 0 {
                let (values, patches) = (plural(wrong as u64, "nonzero value"), plural(real as u64, "patch"));
                let sentence = format!("image {image} has {values} after its {patches}");
                self.broken.push(("padding", sentence));
            }
        }
        Ok(())
    }
}
