//! A `validate.json`, read and drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{drawing::read_and_draw, mutate_json};
use patchmark_results::Kind;

fuzz_target!(|data: &[u8]| read_and_draw(Kind::Validation, data));
mutate_json!();
