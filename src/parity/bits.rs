//! The definition of "equal": the same dtype, shape and bits. So −0 differs from 0, and a NaN equals the same NaN.

use std::collections::BTreeMap;

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use crate::tensor_bytes::bytes;

/// A tensor's bits as integers on the host.
///
/// # Errors
/// If it cannot be brought to the host.
pub fn bits(tensor: &Tensor) -> Result<Tensor> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
    Ok(match tensor.kind() {
        Kind::Float => tensor.f_view_dtype(Kind::Int)?,
        Kind::Double => tensor.f_view_dtype(Kind::Int64)?,
        Kind::Half | Kind::BFloat16 => tensor.f_view_dtype(Kind::Int16)?,
        _ => tensor,
    })
}

/// Whether two tensors are equal.
///
/// # Errors
/// As for [`bits`].
pub fn equal(one: &Tensor, other: &Tensor) -> Result<bool> {
    if one.kind() != other.kind() || one.size() != other.size() {
        return Ok(false);
    }
    let host = |tensor: &Tensor| tensor.f_to_device(Device::Cpu)?.f_contiguous();
    // Torch compares element by element, which takes several times as long.
    Ok(bytes(&host(one)?) == bytes(&host(other)?))
}

/// Whether two results hold equal tensors under the same names.
///
/// # Errors
/// As for [`bits`].
pub fn all_equal(one: &BTreeMap<String, Tensor>, other: &BTreeMap<String, Tensor>) -> Result<bool> {
    if !one.keys().eq(other.keys()) {
        return Ok(false);
    }
    for (one, other) in one.values().zip(other.values()) {
        if !equal(one, other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> Tensor {
        Tensor::from_slice(values)
    }

    #[test]
    fn a_negative_zero_is_not_zero_and_nan_equals_itself() {
        assert!(equal(&of(&[f32::NAN, 0.0]), &of(&[f32::NAN, 0.0])).unwrap());
        assert!(!equal(&of(&[0.0]), &of(&[-0.0])).unwrap());
        let other_nan = f32::from_bits(f32::NAN.to_bits() ^ 1);
        assert!(!equal(&of(&[f32::NAN]), &of(&[other_nan])).unwrap());
    }

    #[test]
    fn dtype_and_shape_are_part_of_it() {
        let (int, long) = (Tensor::from_slice(&[1_i32]), Tensor::from_slice(&[1_i64]));
        assert!(!equal(&int, &long).unwrap());
        assert!(!equal(&of(&[1.0, 2.0]), &of(&[1.0, 2.0]).view([2, 1])).unwrap());
        let named = |name: &str, value: f32| BTreeMap::from([(name.to_owned(), of(&[value]))]);
        assert!(all_equal(&named("a", 1.0), &named("a", 1.0)).unwrap());
        assert!(!all_equal(&named("a", 1.0), &named("b", 1.0)).unwrap());
        assert!(!all_equal(&named("a", 0.0), &named("a", -0.0)).unwrap());
    }
}
