//! What Patchmark saves: the types with their JSON Schemas and versions, how they are read back, and folders that are
//! written completely or not at all.
//!
//! Producers fill these types; the code that draws or judges results knows nothing else. This crate computes nothing, and
//! depends on neither torch nor Python nor any producer.

#[cfg(test)]
mod committed_tests;
pub mod decision;
pub mod decoding;
pub mod difference;
pub mod document;
pub mod environment;
mod error;
pub mod error_rates;
pub mod estimate;
pub mod fixtures;
pub mod flows;
pub mod folder;
mod gap;
pub mod golden;
pub mod gpu;
pub mod history;
pub mod journal;
pub mod kernel_bench;
pub mod kind;
mod outcome;
pub mod pairs;
pub mod parity;
mod percent;
pub mod reading;
pub mod releases;
pub mod rows;
pub mod run;
pub mod schema;
pub mod shards;
mod skipped;
pub mod subjects;
pub mod text;
mod upgrade;
pub mod validation;
pub mod verdict;

pub use decision::{Decision, DecisionKind, DecisionRow, Finding};
pub use decoding::{DecodingParity, FileDifference};
pub use difference::{Difference, LEVEL, ParityClass, Tolerance};
pub use document::{Document, Saved, read_run};
pub use environment::{Allowance, CpuRecord, Environment};
pub use error::{FAULT, INPUT_ERROR, InputError, exit_code};
pub use estimate::{Estimate, Samples};
pub use flows::{FlowRow, REFERENCE_FLOW};
pub use folder::{Folder, Staging};
pub use gap::{Gap, GapKind};
pub use gpu::{GpuRecord, GpuState};
pub use history::{ChangePoint, History, Series};
pub use journal::Journal;
pub use kind::Kind;
pub use outcome::Outcome;
pub use pairs::{Pairs, Round};
pub use parity::{Heat, Parity, ParityRow};
pub use percent::Percent;
pub use releases::Releases;
pub use rows::{ForwardRow, ParityStatus, ProcessorRow};
pub use run::{Batch, PartialBecause, Run, RunSettings};
pub use skipped::SkippedFile;
pub use validation::{CheckRow, CheckVerdict, Findings, Validation};
pub use verdict::{Better, Change, ERROR_RATE, Judgement, MIN_EFFECT, Rule, Verdict};
