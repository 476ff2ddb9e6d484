//! Golden packs: images, parameters and what the reference gives for them, and the comparison of a program's tensors with
//! such a pack.

mod check;
mod naflex;
mod pack;
mod reader;
#[cfg(test)]
mod tests;

pub use check::{CaseCheck, CaseVerdict, GOLDEN_CHECK_VERSION, GoldenCheck, TensorCheck};
pub use naflex::Naflex;
pub use pack::{ExpectedTensor, Family, PACK_VERSION, Pack, PackCase, PackImage, PackOrigin};
