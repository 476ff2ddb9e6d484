//! The kernel's source, assembled from its parts in the order of their dependencies.

/// The first part: the structures that host and kernel share.
const LAYOUT: &str = include_str!("kernel/layout.cuh");

/// The kernel itself, which is the same for a device and for the host.
const KERNEL: [&str; 4] = [
    include_str!("kernel/tile.cuh"),
    include_str!("kernel/columns.cuh"),
    include_str!("kernel/rows.cuh"),
    include_str!("kernel/block.cuh"),
];

/// A kernel that fills the second-level cache by reading memory.
pub(crate) const SWEEP: &str = include_str!("kernel/sweep.cu");

/// The source as CUDA for NVRTC. It has no `#include`.
pub(crate) fn cuda() -> String {
    [LAYOUT, include_str!("kernel/device.cuh"), &KERNEL.concat(), include_str!("kernel/entry.cuh")].concat()
}

/// The source as C++ for the emulator.
pub(crate) fn host() -> String {
    [LAYOUT, include_str!("kernel/emulator.hpp"), &KERNEL.concat(), include_str!("kernel/emulator.cpp")]
        .concat()
}
