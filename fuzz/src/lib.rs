//! What the fuzz targets share: files that they hand to readers, documents that they draw, mutations of JSON.
//!
//! A target fails if a reader panics, hangs or allocates without end, or if what it accepted cannot be drawn, judged or
//! saved again. A refusal is right whatever the input, so errors are ignored.

#[cfg(feature = "harness")]
pub mod checkpoint;
pub mod drawing;
pub mod json;
pub mod samples;
pub mod scratch;
