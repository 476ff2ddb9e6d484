//! The NaFlex target-size search, which lives with the processor that has no libtorch.

pub use patchmark_fused::target_size;
