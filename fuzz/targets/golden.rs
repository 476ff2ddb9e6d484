//! A golden pack, and the tensors that are compared with it: `pack.json` in the first line, a safetensors file behind it.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{mutate_json, scratch};
use patchmark_report::terminal;
use patchmark_results::{
    ParityClass,
    golden::{GoldenCheck, Pack},
};

/// A right pack, whose tensors are put beside what was read.
const RIGHT: &[u8] = include_bytes!("../seeds/golden/two-cases");

fuzz_target!(|data: &[u8]| {
    let (pack, tensors) = parts(data);
    let pack = scratch::file("golden/pack.json", pack);
    let folder = pack.parent().unwrap_or(Path::new("."));
    let (right, read) = (parts(RIGHT).1, tensors);
    // What was read is once the program's file, and once the pack's.
    for (expected, found) in [(right, read), (read, right)] {
        scratch::file(&format!("golden/{}", Pack::TENSORS), expected);
        let found = scratch::file("found.safetensors", found);
        for allow in [ParityClass::Exact, ParityClass::OneLevel] {
            let Ok(check) = patchmark_golden::check(folder, &found, allow) else { continue };
            for columns in [40, 60, 100] {
                terminal::golden::render(&check, columns);
            }
            let json = serde_json::to_string(&check).unwrap();
            let again: GoldenCheck = serde_json::from_str(&json).unwrap();
            assert_eq!(again.concluded().exit_code, check.exit_code);
        }
    }
});
mutate_json!();

fn parts(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}
