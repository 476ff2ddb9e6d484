//! The batch's largest tensor, allocated so that touching it first costs little, and its way to a GPU.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use crate::python::cuda;

/// Bytes below which an allocation comes from memory that the process has touched before.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// An uninitialised contiguous tensor on the CPU, to be filled and then sent to `device`.
///
/// For a GPU it is page-locked, so that the copy runs at the bus's speed and beside other work.
///
/// On a CPU a large one is mapped afresh for each batch, and each of its pages faults when it is first written: 25 MB
/// took 20 ms on a virtual machine, five times the work of filling it. So the system is asked for huge pages, of
/// which there are 512 times fewer.
///
/// # Errors
/// If memory runs out.
pub(super) fn empty(size: &[i64], kind: Kind, device: Device) -> Result<Tensor> {
    if device.is_cuda() {
        let bytes = size.iter().product::<i64>() as usize * kind.elt_size_in_bytes();
        return Ok(cuda::pinned(bytes)?.f_view_dtype(kind)?.f_view(size)?);
    }
    let tensor = Tensor::f_empty(size, (kind, Device::Cpu))?;
    #[cfg(target_os = "linux")]
    advise_huge_pages(&tensor);
    Ok(tensor)
}

/// The tensor on `device`; a copy to a GPU is submitted, not waited for.
///
/// # Errors
/// If the device has no memory left.
pub(super) fn upload(tensor: &Tensor, device: Device) -> Result<Tensor> {
    if tensor.device() == device {
        return Ok(tensor.shallow_clone());
    }
    Ok(tensor.f_internal_to_copy((tensor.kind(), device), true)?)
}

#[cfg(target_os = "linux")]
fn advise_huge_pages(tensor: &Tensor) {
    const PAGE: usize = 4096;
    let bytes = tensor.numel() * tensor.kind().elt_size_in_bytes();
    if bytes < LARGE {
        return;
    }
    let start = (tensor.data_ptr() as usize).next_multiple_of(PAGE);
    let end = (tensor.data_ptr() as usize + bytes) / PAGE * PAGE;
    // SAFETY: the pages lie inside the tensor's own memory, and advice about their size changes no value in
    // them. A refusal (a kernel without huge pages) leaves everything as it was, so it is not looked at.
    unsafe { libc::madvise(start as *mut libc::c_void, end.saturating_sub(start), libc::MADV_HUGEPAGE) };
}
