//! A list of sizes, as `--sizes` and file names of results have it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::workload::Sizes;

fuzz_target!(|text: &str| {
    if let Ok(sizes) = text.parse::<Sizes>() {
        assert_eq!(sizes.to_string().parse().ok(), Some(sizes));
    }
});
