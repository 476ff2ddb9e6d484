//! The journal of an unfinished measurement, and the results recovered from it.

#![no_main]

use std::path::Component;

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{drawing::draw, mutate_json, scratch};
use patchmark_report::views;
use patchmark_results::journal::Contents;
use patchmark_statistics::recover::results;

fuzz_target!(|data: &[u8]| {
    let Ok(contents) = Contents::of_ended(&scratch::file("run.unfinished.jsonl", data)) else { return };
    for (folder, result) in results(contents) {
        let below = folder.components().all(|part| matches!(part, Component::Normal(_)));
        assert!(below, "{} is not below the result's folder", folder.display());
        draw(views::of(&result));
    }
});
mutate_json!();
