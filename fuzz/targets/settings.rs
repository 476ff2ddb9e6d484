//! A checkpoint's `tokenizer_config.json`, beside a tokenizer that is accepted, and texts encoded under it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use patchmark::model::{Config, TextTokenizer};
use patchmark_fuzz::{mutate_json, scratch};

fuzz_target!(
    init: {
        // A panic of the library's is only made an error on the thread that called it.
        tokenizers::utils::parallelism::set_parallelism(false);
        let file = scratch::file("checkpoint/tokenizer.json", include_bytes!("../seeds/tokenizer/words.json"));
        let folder = file.parent().expect("a file has a folder");
        assert!(TextTokenizer::load(folder, &Config::tiny().text).is_ok(), "the tokenizer alone is accepted");
    },
    |data: &[u8]| {
        let file = scratch::file("checkpoint/tokenizer_config.json", data);
        let Some(folder) = file.parent() else { return };
        let text = Config::tiny().text;
        if let Ok(tokenizer) = TextTokenizer::load(folder, &text)
            && let Ok(inputs) = tokenizer.encode(&["a photo of 2 cats", ""])
        {
            assert_eq!(inputs.input_ids.size(), [2, text.max_position_embeddings]);
        }
    }
);
mutate_json!();
