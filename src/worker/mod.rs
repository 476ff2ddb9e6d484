//! Worker processes: the same binary, one subject each, driven over a small versioned protocol.
//!
//! A candidate may crash, hang, exit, flood its output, allocate without end or leave processes
//! behind; all of that ends with its worker, and the coordinator reports it as a finding.

mod client;
mod limits;
mod native;
mod output;
pub mod protocol;
mod serve;
mod subject;

pub use client::{Death, Interrupted, Launch, Limits, Worker};
pub use serve::serve;
