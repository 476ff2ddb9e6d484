//! A `patchmark.toml`, and a gate under it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{drawing::draw, samples, scratch};
use patchmark_gate::{Policy, decide, runs::Allowed};

fuzz_target!(|data: &[u8]| {
    let Ok(policy) = Policy::read(&scratch::file("patchmark.toml", data)) else { return };
    if let Ok(decision) = decide(&samples::RUN, &samples::RUN, &policy, Allowed::default()) {
        draw(&decision);
    }
});
