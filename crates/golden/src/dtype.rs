//! The dtypes that packs have, and values of them.

use patchmark_results::golden::ExpectedTensor;
use safetensors::Dtype;

/// A dtype of a pack; none for one that packs do not have.
pub(crate) fn of(expected: &ExpectedTensor) -> Option<Dtype> {
    [Dtype::F32, Dtype::I32, Dtype::I64, Dtype::U8]
        .into_iter()
        .find(|dtype| dtype.to_string() == expected.dtype)
}

/// A value of little-endian bytes, as messages show it.
pub(crate) fn shown(dtype: Dtype, bytes: &[u8]) -> String {
    match dtype {
        Dtype::F32 => float(bytes).to_string(),
        _ => integer(dtype, bytes).to_string(),
    }
}

/// The f32 of four bytes; 0 if there are not four.
pub(crate) fn float(bytes: &[u8]) -> f32 {
    bytes.try_into().map(f32::from_le_bytes).unwrap_or_default()
}

/// The whole number of bytes of that dtype; 0 if there are not as many as it has.
pub(crate) fn integer(dtype: Dtype, bytes: &[u8]) -> i64 {
    match dtype {
        Dtype::I64 => bytes.try_into().map(i64::from_le_bytes).unwrap_or_default(),
        Dtype::I32 => bytes.try_into().map(i32::from_le_bytes).unwrap_or_default().into(),
        _ => bytes.first().copied().unwrap_or_default().into(),
    }
}
