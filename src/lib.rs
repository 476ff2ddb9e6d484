//! Patchmark measures what runs before the forward pass of SigLIP 2 (NaFlex), proves that an image processor still
//! computes the reference's numbers, and tells CI whether a change may land.
//!
//! Data flows one way: [`workload`] → [`processor`] → [`model`], with [`measure`] round each step and [`parity`] beside it.
//! [`mod@bench`], [`compare`], [`validate`] and [`parity`] produce results (`patchmark-results`), which
//! `patchmark-report` draws and `patchmark-gate` judges. `docs/architecture.md` has the map.
//!
//! Without the feature `harness`, only the commands that need neither torch nor Python are built.

// A reader of stdout or stderr that is gone must not end a measurement: see `console`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "harness")]
pub mod bench;
#[cfg(feature = "harness")]
mod cache_folder;
pub mod commands;
#[cfg(feature = "harness")]
pub mod compare;
mod console;
#[cfg(feature = "harness")]
pub mod golden;
#[cfg(feature = "harness")]
mod guarded;
#[cfg(feature = "harness")]
pub mod inputs;
#[cfg(feature = "harness")]
pub mod interrupt;
#[cfg(feature = "harness")]
pub mod measure;
#[cfg(feature = "harness")]
pub mod model;
#[cfg(feature = "harness")]
pub mod parity;
#[cfg(feature = "harness")]
pub mod process;
#[cfg(feature = "harness")]
pub mod processor;
pub mod program;
#[cfg(feature = "harness")]
pub mod python;
#[cfg(feature = "harness")]
mod tensor_bytes;
#[cfg(feature = "harness")]
pub mod validate;
#[cfg(feature = "harness")]
pub mod worker;
#[cfg(feature = "harness")]
pub mod workload;
