//! Compares releases of transformers, one after the other, with one reference.

mod probe;
mod walk;

pub use walk::walk;
