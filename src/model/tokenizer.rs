//! Tokenises texts as the model's processor does.

use std::path::Path;

use anyhow::{Result, anyhow};
use patchmark_results::{input_error, reading, text::plural};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tch::Tensor;
use tokenizers::{
    Encoding, PaddingDirection, PaddingParams, PaddingStrategy, PostProcessor, Token, Tokenizer,
    TruncationParams,
    normalizers::{Lowercase, NormalizerWrapper, Sequence},
};

use super::{config::TextConfig, growth::Steps, text::TextInputs};
use crate::guarded::guarded;

/// The tokenizer of a checkpoint, with transformers' `Siglip2Processor` conventions: lower case,
/// padded and truncated to the model's length.
#[derive(Debug)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    length: i64,
    vocabulary: i64,
    with_mask: bool,
}

impl TextTokenizer {
    /// Reads `tokenizer.json`, and `tokenizer_config.json` if there is one, from a checkpoint's folder.
    ///
    /// # Errors
    /// An [`InputError`](patchmark_results::InputError) if `tokenizer.json` is missing or a file is broken.
    pub fn load(folder: &Path, config: &TextConfig) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        // From the text rather than the file, which may begin with a byte-order mark.
        let text = reading::text(&path)?;
        let broken = |error| input_error!("cannot load tokenizer {}: {error}", path.display());
        let steps: Steps = call(|| Ok(serde_json::from_str(&text)?)).map_err(broken)?;
        if let Some(why) = steps.refusal() {
            return Err(input_error!("{} {why}", path.display()));
        }
        let mut tokenizer = call(|| text.parse::<Tokenizer>()).map_err(broken)?;
        let length = usize::try_from(config.max_position_embeddings)?;
        check_post_processor(&tokenizer, length, &path)?;
        let settings = settings(folder)?;

        // transformers' Siglip2Tokenizer converts to lower case itself; published files do not specify it.
        let mut normalizers = vec![NormalizerWrapper::from(Lowercase)];
        normalizers.extend(tokenizer.get_normalizer().cloned());
        tokenizer.with_normalizer(Some(Sequence::new(normalizers)));

        let token = match &settings["pad_token"] {
            Value::String(token) => token.clone(),
            // A token may also be an object with flags.
            token => token["content"].as_str().unwrap_or("<pad>").to_owned(),
        };
        let direction = match (settings["padding_side"].as_str(), tokenizer.get_padding()) {
            (Some("right"), _) => PaddingDirection::Right,
            (None, Some(padding)) => padding.direction,
            // The default of transformers' class; published checkpoints say "right".
            _ => PaddingDirection::Left,
        };
        let padding = PaddingParams {
            strategy: PaddingStrategy::Fixed(length),
            direction,
            pad_to_multiple_of: None,
            pad_id: tokenizer.token_to_id(&token).unwrap_or(0),
            pad_type_id: 0,
            pad_token: token,
        };
        let truncation = TruncationParams { max_length: length, ..TruncationParams::default() };
        tokenizer.with_padding(Some(padding));
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|error| input_error!("{} cannot truncate to {length}: {error}", path.display()))?;
        // Published checkpoints list only input_ids: the model was trained to attend to padding.
        let with_mask = settings["model_input_names"]
            .as_array()
            .is_none_or(|names| names.iter().any(|name| name == "attention_mask"));
        let length = config.max_position_embeddings;
        Ok(Self { tokenizer, length, vocabulary: config.vocab_size, with_mask })
    }

    /// Tokenises texts on the CPU: i64 `[T, L]`.
    ///
    /// # Errors
    /// If there is no text, or a token lies outside the model's vocabulary.
    pub fn encode<S: AsRef<str>>(&self, texts: &[S]) -> Result<TextInputs> {
        if texts.is_empty() {
            return Err(input_error!("the full model needs at least one text"));
        }
        let inputs: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let encodings = call(|| self.tokenizer.encode_batch(inputs, true))
            .map_err(|error| anyhow!("cannot tokenise the texts: {error}"))?;
        let table = |column: &dyn Fn(&tokenizers::Encoding) -> Vec<i64>| -> Result<Tensor> {
            let flat: Vec<i64> = encodings.iter().flat_map(column).collect();
            Ok(Tensor::f_from_slice(&flat)?.f_reshape([texts.len() as i64, self.length])?)
        };
        let widen = |values: &[u32]| values.iter().map(|&value| i64::from(value)).collect();
        if let Some(id) =
            encodings.iter().flat_map(|each| each.get_ids()).find(|&&id| i64::from(id) >= self.vocabulary)
        {
            return Err(input_error!(
                "the tokenizer gives token {id}, but the model has only {} tokens",
                self.vocabulary
            ));
        }
        let input_ids = table(&|encoding| widen(encoding.get_ids()))?;
        let attention_mask =
            self.with_mask.then(|| table(&|encoding| widen(encoding.get_attention_mask()))).transpose()?;
        Ok(TextInputs { input_ids, attention_mask })
    }
}

/// Refuses a post-processor whose texts would not have the model's length: the library subtracts the added tokens from
/// it, and multiplies what it cut off with each repetition of a text.
fn check_post_processor(tokenizer: &Tokenizer, length: usize, path: &Path) -> Result<()> {
    let Some(processor) = tokenizer.get_post_processor() else { return Ok(()) };
    let path = path.display();
    let added = processor.added_tokens(false);
    if added > length {
        return Err(input_error!("{path} adds {added} tokens to each text, but the model takes {length}"));
    }
    let one = Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
    let processed = call(|| processor.process(one, None, true))
        .map_err(|error| input_error!("{path} has a post_processor that fails: {error}"))?;
    if processed.len() != added + 1 {
        return Err(input_error!(
            "{path} has a post_processor that gives {} for a text of 1 token; expected {}: the text once, and {added} added",
            plural(processed.len() as u64, "token"),
            added + 1,
        ));
    }
    Ok(())
}

/// Calls the tokenizers library, which panics on some broken files.
fn call<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> tokenizers::Result<T> {
    guarded(call).unwrap_or_else(|message| Err(message.into()))
}

/// The content of `tokenizer_config.json`, or null if there is none.
fn settings(folder: &Path) -> Result<Value> {
    let path = folder.join("tokenizer_config.json");
    let Some(text) = reading::text_if_any(&path)? else { return Ok(Value::Null) };
    serde_json::from_str(&text).map_err(|error| input_error!("{} is not JSON: {error}", path.display()))
}

/// Seeded token ids on the CPU, i64 `[count, L]`, for a model that has no tokenizer.
///
/// # Errors
/// If memory runs out.
pub fn seeded_ids(count: usize, config: &TextConfig, seed: u64) -> Result<TextInputs> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let length = config.max_position_embeddings;
    let total = count * usize::try_from(length)?;
    let ids: Vec<i64> = (0..total).map(|_| generator.random_range(0..config.vocab_size)).collect();
    let input_ids = Tensor::f_from_slice(&ids)?.f_reshape([count as i64, length])?;
    Ok(TextInputs { input_ids, attention_mask: None })
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
