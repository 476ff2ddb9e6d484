//! The producer of golden packs: the cases, and the reference's outputs for them.

mod cases;
mod make;

pub use cases::{Case, built_in, of_images};
pub use make::make;
