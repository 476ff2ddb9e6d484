//! Right documents to put beside what was read.

use std::sync::LazyLock;

use patchmark_results::{Run, fixtures};

/// A run that a gate accepts.
pub static RUN: LazyLock<Run> = LazyLock::new(|| fixtures::run::run(&["hf", "fused"], &[1, 8]));
