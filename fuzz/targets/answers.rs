//! Lines that a program writes as a subject: its greeting, and its answer to a batch.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::worker::exec::messages::{Greeting, read_answer};

fuzz_target!(|data: &[u8]| {
    for line in data.split(|byte| *byte == b'\n') {
        if let Err(why) = Greeting::read(line) {
            assert!(why.len() < 2000, "a message shows the beginning of a line only");
        }
        match read_answer(line, 1, 2) {
            Ok(Ok(ms)) => assert!(ms.len() == 2 && ms.iter().all(|ms| *ms >= 0.0 && ms.is_finite())),
            Ok(Err(_)) => {}
            Err(why) => assert!(why.len() < 2000, "a message shows the beginning of a line only"),
        }
    }
});
