//! The kernel's source, in the order in which its parts need each other.

/// What comes first: structures, and what the kernel is written in.
const LAYOUT: &str = include_str!("kernel/layout.cuh");

/// The kernel itself, the same for a device and for the host.
const KERNEL: [&str; 4] = [
    include_str!("kernel/tile.cuh"),
    include_str!("kernel/columns.cuh"),
    include_str!("kernel/rows.cuh"),
    include_str!("kernel/block.cuh"),
];

/// What reads memory so that the second-level cache holds nothing else.
pub(crate) const SWEEP: &str = include_str!("kernel/sweep.cu");

/// As CUDA, for NVRTC: it includes nothing.
pub(crate) fn cuda() -> String {
    [LAYOUT, include_str!("kernel/device.cuh"), &KERNEL.concat(), include_str!("kernel/entry.cuh")].concat()
}

/// As C++, for the emulator.
pub(crate) fn host() -> String {
    [LAYOUT, include_str!("kernel/emulator.hpp"), &KERNEL.concat(), include_str!("kernel/emulator.cpp")]
        .concat()
}
