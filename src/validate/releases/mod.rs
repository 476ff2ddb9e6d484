//! Releases of transformers, one after the other, against one reference: a matrix.

mod markdown;
mod probe;
mod record;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod walk;

pub use markdown::markdown;
pub use record::{
    Answer, Backend, CorpusParity, FailedCheck, Matrix, Probe, Release, SCHEMA_VERSION, failing, given,
};
pub use store::save;
pub use walk::walk;
