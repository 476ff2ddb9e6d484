//! A candidate's outputs beside the reference's: keys, dtypes, shapes, every value.

mod compare;
mod corpus;
pub mod output;
mod patches;
mod record;

pub use compare::{Comparison, ImageComparison, compare};
pub use corpus::{Check, Parity, check};
pub use record::{CorpusImage, Failure, Heat, ImageDifference, ParityRun, Row, SCHEMA_VERSION, size};

/// What one uint8 level becomes under NaFlex's rescale factor and standard deviation.
pub const LEVEL: f64 = 2.0 / 255.0;
