//! Patchmark measures what runs before the forward pass of SigLIP 2 (NaFlex), proves that an
//! image processor still computes the reference's numbers, and tells CI whether a change may land.
//!
//! Data flows one way: [`workload`] → [`processor`] → [`model`], with [`measure`] round each step
//! and [`parity`] beside it; both end in a run ([`report::schema`]) that [`report`] draws and
//! [`gate`] decides about. [`compare`] times two subjects in turn.

mod cache_folder;
pub mod commands;
pub mod compare;
pub mod error;
pub mod gate;
pub mod geometry;
pub mod history;
pub mod inputs;
pub mod measure;
pub mod model;
pub mod parity;
pub mod processor;
pub mod program;
pub mod python;
pub mod report;
pub mod validate;
pub mod worker;
pub mod workload;
