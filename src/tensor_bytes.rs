//! The memory of tensors as slices, so that large results are not copied to be read.

use tch::{Device, Tensor};

/// The bytes of a contiguous tensor on the host.
///
/// # Panics
/// If the tensor is not contiguous, or on another device.
pub(crate) fn bytes(tensor: &Tensor) -> &[u8] {
    assert!(tensor.is_contiguous() && tensor.device() == Device::Cpu, "{tensor:?} has no bytes in one piece");
    let length = tensor.numel() * tensor.kind().elt_size_in_bytes();
    if length == 0 {
        return &[];
    }
    // SAFETY: the elements of a contiguous tensor are `length` bytes from the first; `tensor` is borrowed as long as they
    // are, and nothing writes to a result.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<u8>(), length) }
}

/// The values of a contiguous tensor of f32 on the host.
///
/// # Panics
/// As [`bytes`], and if the tensor is not f32.
pub(crate) fn floats(tensor: &Tensor) -> &[f32] {
    assert_eq!(tensor.kind(), tch::Kind::Float);
    let bytes = bytes(tensor);
    if bytes.is_empty() {
        return &[];
    }
    // SAFETY: as `bytes`; torch aligns its elements.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<f32>(), tensor.numel()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_tensor_has_its_own_bytes() {
        let whole = Tensor::from_slice(&[1.0_f32, 2.0, 3.0, 4.0]);
        let part = whole.narrow(0, 1, 2);
        assert_eq!(floats(&part), [2.0, 3.0]);
        assert_eq!(bytes(&part), [2.0_f32.to_ne_bytes(), 3.0_f32.to_ne_bytes()].concat());
        assert!(bytes(&whole.narrow(0, 1, 0)).is_empty());
    }

    #[test]
    #[should_panic(expected = "in one piece")]
    fn columns_of_a_tensor_are_refused() {
        bytes(&Tensor::from_slice(&[1_u8, 2, 3, 4]).view([2, 2]).narrow(1, 0, 1));
    }
}
