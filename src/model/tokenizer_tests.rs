use std::fs;

use patchmark_results::InputError;
use serde_json::json;

use super::*;
use crate::model::Config;

/// A word-level tokenizer that ends each text with `<eos>`.
fn folder(settings: Option<Value>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<eos>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<eos>": {"id": "<eos>", "ids": [1], "tokens": ["<eos>"]}},
        },
        "decoder": null,
        "model": {
            "type": "WordLevel",
            "vocab": {"<pad>": 0, "<eos>": 1, "<unk>": 3, "a": 5, "cat": 6, "beyond": 1000, "[P]": 9},
            "unk_token": "<unk>",
        },
    });
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    if let Some(settings) = settings {
        fs::write(folder.path().join("tokenizer_config.json"), settings.to_string()).unwrap();
    }
    folder
}

fn encode(settings: Option<Value>, text: &str) -> Result<TextInputs> {
    TextTokenizer::load(folder(settings).path(), &Config::tiny().text)?.encode(&[text])
}

fn row(tensor: &Tensor) -> Vec<i64> {
    Vec::try_from(tensor.get(0)).unwrap()
}

#[test]
fn published_settings_pad_to_the_right_without_a_mask() {
    let settings = json!({"padding_side": "right", "model_input_names": ["input_ids"], "pad_token": "<pad>"});
    let inputs = encode(Some(settings), "A CAT dog").unwrap();
    assert_eq!(inputs.input_ids.size(), [1, 64]);
    assert_eq!(row(&inputs.input_ids)[..5], [5, 6, 3, 1, 0]);
    assert!(inputs.attention_mask.is_none());
}

#[test]
fn without_settings_the_class_of_transformers_decides() {
    let inputs = encode(None, "a cat").unwrap();
    assert_eq!(row(&inputs.input_ids)[60..], [0, 5, 6, 1]);
    assert_eq!(row(&inputs.attention_mask.unwrap())[60..], [0, 1, 1, 1]);
}

#[test]
fn a_token_with_flags_pads() {
    let settings = json!({"padding_side": "right", "pad_token": {"content": "[P]", "special": true}});
    assert_eq!(row(&encode(Some(settings), "cat").unwrap().input_ids)[..4], [6, 1, 9, 9]);
}

#[test]
fn long_texts_keep_their_end_token() {
    let ids = row(&encode(None, &"cat ".repeat(100)).unwrap().input_ids);
    assert_eq!((ids.len(), ids[62], ids[63]), (64, 6, 1));
}

#[test]
fn broken_input_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert!(TextTokenizer::load(empty.path(), &Config::tiny().text).is_err());
    fs::write(empty.path().join("tokenizer.json"), "{").unwrap();
    let error = TextTokenizer::load(empty.path(), &Config::tiny().text).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("tokenizer.json"));
    assert!(encode(None, "beyond").unwrap_err().to_string().contains("token 1000"));
    let tokenizer = TextTokenizer::load(folder(None).path(), &Config::tiny().text).unwrap();
    assert!(tokenizer.encode::<&str>(&[]).is_err());
}

#[test]
fn a_file_on_which_the_library_panics_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tokenizer.json"), r#"{"version":"1.0","decoder":{"type":"Fuse""#).unwrap();
    let error = TextTokenizer::load(folder.path(), &Config::tiny().text).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("tokenizer.json"), "{error}");
}

/// Loads [`folder`]'s tokenizer with another value at one place.
fn load_with(place: &str, value: Value) -> Result<TextTokenizer> {
    let folder = folder(None);
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
    *tokenizer.pointer_mut(place).unwrap() = value;
    fs::write(&path, tokenizer.to_string())?;
    TextTokenizer::load(folder.path(), &Config::tiny().text)
}

fn refusal(place: &str, value: Value) -> String {
    let error = load_with(place, value).unwrap_err();
    assert!(error.is::<InputError>() && error.to_string().contains("tokenizer.json"), "{error:?}");
    error.to_string()
}

#[test]
fn a_file_that_adds_more_tokens_than_the_model_takes_is_refused() {
    let end = json!({"SpecialToken": {"id": "<eos>", "type_id": 0}});
    let error = refusal("/post_processor/single", vec![end; 65].into());
    assert!(error.contains("adds 65 tokens to each text, but the model takes 64"), "{error}");
}

#[test]
fn a_file_that_does_not_give_each_text_once_is_refused() {
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    // What is cut off from a text would be kept for each combination of its repetitions.
    let error = refusal("/post_processor/single", vec![text.clone(); 8].into());
    assert!(error.contains("gives 8 tokens for a text of 1 token; expected 1"), "{error}");
    let error = refusal("/post_processor/single", json!([]));
    assert!(error.contains("gives 0 tokens for a text of 1 token"), "{error}");
    let error = refusal("/post_processor/single/1/SpecialToken/id", "missing".into());
    assert!(error.contains("has a post_processor that fails"), "{error}");
}

#[test]
fn a_file_that_makes_texts_endless_is_refused() {
    let steps = |steps: Vec<Value>| json!({"type": "Sequence", "normalizers": steps});
    let replace = |content: String| json!({"type": "Replace", "pattern": {"Regex": "."}, "content": content});
    assert!(load_with("/normalizer", steps(vec![replace("▁".into()); 5])).is_ok());
    for normalizers in [
        vec![replace("▁".repeat(1000)); 5],
        vec![json!({"type": "Prepend", "prepend": "▁".repeat(10_000)})],
        // Two bytes for each of its own two.
        vec![json!({"type": "ByteLevel"}); 40],
    ] {
        let error = refusal("/normalizer", steps(normalizers));
        assert!(error.contains("times as long; at most 1,024 are accepted"), "{error}");
    }
    // A character before each piece, and a piece for each character.
    let metaspace =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    let pieces = vec![metaspace, json!({"type": "FixedLength", "length": 1})];
    let error =
        refusal("/pre_tokenizer", json!({"type": "Sequence", "pretokenizers": vec![pieces; 20].concat()}));
    assert!(error.contains("times as long"), "{error}");
}

#[test]
fn a_file_that_makes_its_own_tokens_endless_is_refused_before_the_library_reads_it() {
    let added = |content: String| {
        let folder = folder(None);
        let path = folder.path().join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let replace = json!({"type": "Replace", "pattern": {"Regex": "."}, "content": "▁".repeat(300)});
        tokenizer["normalizer"] = replace;
        tokenizer["added_tokens"] = json!([{
            "id": 9, "content": content, "normalized": true, "special": false, "single_word": false,
            "lstrip": false, "rstrip": false,
        }]);
        fs::write(&path, tokenizer.to_string()).unwrap();
        TextTokenizer::load(folder.path(), &Config::tiny().text)
    };
    assert!(added("[P]".into()).is_ok());
    let error = added("[P]".repeat(2000)).unwrap_err();
    assert!(error.is::<InputError>(), "{error:?}");
    assert!(error.to_string().contains("can lengthen to 5,406,000 bytes; at most 262,144"), "{error}");
}

#[test]
fn seeded_ids_are_seeded_and_within_the_vocabulary() {
    let config = Config::tiny().text;
    let ids = |seed| seeded_ids(4, &config, seed).unwrap().input_ids;
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert!(ids(1).min().int64_value(&[]) >= 0 && ids(1).max().int64_value(&[]) < config.vocab_size);
    assert_eq!(ids(1).size(), [4, 64]);
}
