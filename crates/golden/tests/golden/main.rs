//! Packs as a program sees them: written, read, and compared with its tensors.

mod hostile;
mod pack;
mod support;
