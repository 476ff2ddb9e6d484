//! Subjects in separate processes: a worker is a patchmark, of this build or another, that serves subjects over a small
//! versioned protocol.
//!
//! A program in any language is a subject, too: its worker starts it and translates between the two protocols.
//!
//! A candidate may crash, hang, exit, flood its output, allocate without limit or leave processes behind. All of that
//! ends with its worker, and the coordinator reports it as a finding.

mod border;
mod client;
mod death;
pub mod exec;
pub mod frames;
pub(crate) mod images;
mod launch;
mod limits;
mod native;
mod observation;
mod output;
pub mod overlays;
mod processor;
pub mod protocol;
mod python;
mod serve;
mod serves;
pub mod side;
mod subject;

pub(crate) use border::Border;
pub use client::{Interrupted, Limits, Worker};
pub use death::Death;
pub use launch::Launch;
pub use observation::{Observation, Returned};
pub use processor::Processors;
pub use serve::serve;
pub(crate) use side::Answer;
pub use side::{About, Options, Side};
pub use subject::Subject;
