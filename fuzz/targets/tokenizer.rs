//! A checkpoint's `tokenizer.json`, and texts encoded with it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::model::{Config, TextTokenizer};
use patchmark_fuzz::{mutate_json, scratch};

fuzz_target!(init: {
    // A panic of the library's is only made an error on the thread that called it.
    tokenizers::utils::parallelism::set_parallelism(false);
}, |data: &[u8]| {
    let file = scratch::file("checkpoint/tokenizer.json", data);
    let Some(folder) = file.parent() else { return };
    let text = Config::tiny().text;
    if let Ok(tokenizer) = TextTokenizer::load(folder, &text)
        && let Ok(inputs) = tokenizer.encode(&["a photo of 2 cats", "", "Ünïcode\u{301} 👩‍👩‍👧‍👦 \u{0}"])
    {
        assert_eq!(inputs.input_ids.size(), [3, text.max_position_embeddings]);
    }
});
mutate_json!();
