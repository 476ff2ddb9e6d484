//! Weights in the form that kernels load, with one arrangement for each width of their dot products.

pub(crate) mod pairs;
pub(crate) mod quads;
