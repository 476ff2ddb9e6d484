//! The weights of the horizontal pass as vector kernels load them, and those of the vertical pass as their dot
//! products take them: one arrangement for each width of product.

pub(crate) mod pairs;
pub(crate) mod quads;
