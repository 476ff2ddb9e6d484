//! Compares a candidate's outputs with the reference's: keys, dtypes, shapes and every value. What "equal" means is
//! decided here.

pub mod bits;
mod check;
mod compare;
mod files;
mod patches;
mod values;

pub use check::{Check, Compared, check};
pub use compare::{Comparison, ImageComparison, compare};
pub use files::check_files;
pub use values::measure;
