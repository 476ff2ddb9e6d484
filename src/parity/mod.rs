//! A candidate's outputs beside the reference's: keys, dtypes, shapes, every value. Every comparison of outputs is here.

pub mod bits;
mod compare;
mod corpus;
mod patches;
mod values;

pub use compare::{Comparison, ImageComparison, compare};
pub use corpus::{Check, Compared, check};
pub use values::measure;
