//! The index of an output folder of `process`, and the journal of an unfinished one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark_fuzz::{mutate_json, scratch};
use patchmark_results::shards::{Index, ShardJournal};

fuzz_target!(|data: &[u8]| {
    let file = scratch::file("index.json", data);
    if let Ok(index) = Index::read(&file) {
        let again = scratch::file("again.json", serde_json::to_string(&index).unwrap().as_bytes());
        assert_eq!(Index::read(&again).unwrap(), index);
    }
    if let Ok(Some(journal)) = ShardJournal::read(&file) {
        let whole = &data[..usize::try_from(journal.whole_bytes).unwrap().min(data.len())];
        let again = ShardJournal::read(&scratch::file("again.jsonl", whole)).unwrap().unwrap();
        assert_eq!(again.finished, journal.finished);
    }
});
mutate_json!();
