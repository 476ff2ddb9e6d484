//! Releases of transformers, one after the other, against one reference: a matrix.

mod markdown;
mod probe;
mod record;
#[cfg(test)]
pub(crate) mod tests;
mod walk;

pub use markdown::{headline, markdown};
pub use record::{
    Answer, Backend, CorpusParity, FILE, FailedCheck, Matrix, Probe, Release, SCHEMA_VERSION, failing, given,
};
pub use walk::walk;
