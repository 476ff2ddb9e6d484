//! Allocates the largest tensor of a batch so that first writes to it are cheap, and uploads tensors to a GPU.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

use crate::python::cuda;

/// Allocations of fewer bytes come from memory that the process has used before.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// An uninitialised contiguous tensor on the CPU, to be filled and then sent to `device`.
///
/// For a GPU it is page-locked, so that the copy runs at the speed of the bus and in parallel with other work.
///
/// On a CPU, a large tensor is mapped again for each batch, and each page faults when it is first written: for 25 MB
/// this took 20 ms on a virtual machine, five times as long as filling the tensor. So the system is asked for huge
/// pages, of which 512 times fewer are needed.
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

/// The tensor on `device`; a copy to a GPU is submitted but not waited for.
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
    // SAFETY: the pages lie within the tensor's memory, and advice about their size does not change their contents. If
    // the kernel refuses, because it has no huge pages, nothing changes, so the result is ignored.
    unsafe { libc::madvise(start as *mut libc::c_void, end.saturating_sub(start), libc::MADV_HUGEPAGE) };
}
