//! Releases of transformers, one after the other, against one reference.

mod probe;
mod walk;

pub use walk::walk;
