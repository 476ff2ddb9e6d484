//! The calls that checks make, and how messages describe them.

use crate::{
    processor::Parameters,
    worker::protocol::{Call, ImageRef},
};

/// Why a check that needs a candidate that is called from Python does not apply.
pub(super) const NOT_PYTHON: &str = "the subject is not called from Python";
/// Why a check that needs to know what is right for what only Python can pass does not apply.
pub(super) const REFERENCE_NOT_PYTHON: &str = "the reference is not called from Python";

/// A plain call: natural form, no keywords.
pub(super) fn call(images: Vec<ImageRef>) -> Call {
    Call::plain(images)
}

/// A plain call that passes `max_num_patches` and `patch_size` as keywords.
pub(super) fn call_with(images: Vec<ImageRef>, limit: usize, patch: usize) -> Call {
    let mut call = call(images);
    call.keywords.insert("max_num_patches".into(), limit.into());
    call.keywords.insert("patch_size".into(), patch.into());
    call
}

/// The `max_num_patches` that applies to a call.
pub(super) fn limit_of(call: &Call) -> i64 {
    let given = call.keywords.get("max_num_patches").and_then(serde_json::Value::as_i64);
    given.unwrap_or(Parameters::default().max_num_patches as i64)
}

/// `on 3 images, the first of 64×48 px`, for the end of a sentence.
pub(super) fn describe(images: &[ImageRef]) -> String {
    match images {
        [] => " on an empty batch".into(),
        [one] => format!(" on one {} image of {}×{} px", one.mode, one.width, one.height),
        [first, ..] => {
            format!(" on {} images, the first of {}×{} px", images.len(), first.width, first.height)
        }
    }
}
