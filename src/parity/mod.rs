//! A candidate's outputs beside the reference's: keys, dtypes, shapes, every value.

mod compare;
mod corpus;

pub use compare::{Comparison, compare};
pub use corpus::{Check, Parity, Row, check};
