//! How much longer the steps of a tokenizer make a text before it is cut to the model's length.
//!
//! Each step may replace characters by longer ones, and a file may have any number of steps, so that a few lines can ask
//! for more memory than there is. The library already applies them to a file's own tokens while it reads it, so they are
//! looked at before.

use patchmark_results::text::count;
use serde::Deserialize;
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper};

/// How many times as long a text may become. Gemma's tokenizer, which SigLIP 2 uses, only replaces a space by `▁`, which is
/// counted as four.
const MAX_GROWTH: usize = 1 << 10;
/// How many bytes the added tokens may become together; the library lengthens all of them again for each that it adds. A
/// vocabulary's own are some kilobytes.
const MAX_ADDED: usize = 1 << 18;

/// The steps in a `tokenizer.json` that lengthen texts, and the tokens that they are applied to as the file is read.
#[derive(Deserialize)]
pub struct Steps {
    normalizer: Option<NormalizerWrapper>,
    pre_tokenizer: Option<PreTokenizerWrapper>,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
}

impl Steps {
    /// Why these steps are refused; none if they are not.
    pub fn refusal(&self) -> Option<String> {
        let normalizer = self.normalizer.as_ref().map_or(1, of_normalizer);
        let growth = normalizer.saturating_mul(self.pre_tokenizer.as_ref().map_or(1, of_pre_tokenizer));
        let added: usize = self.added_tokens.iter().map(|token| token.content.len()).sum();
        let [times, bytes] = [growth, added.saturating_mul(normalizer)].map(|number| count(number as u64));
        if growth > MAX_GROWTH {
            let most = count(MAX_GROWTH as u64);
            Some(format!("has steps that can make a text {times} times as long; at most {most} are accepted"))
        } else if added.saturating_mul(normalizer) > MAX_ADDED {
            let most = count(MAX_ADDED as u64);
            Some(format!(
                "has added tokens that its normalizer can lengthen to {bytes} bytes; at most {most} are accepted"
            ))
        } else {
            None
        }
    }
}

fn of_normalizer(step: &NormalizerWrapper) -> usize {
    match step {
        NormalizerWrapper::Sequence(steps) => product(steps.as_ref(), of_normalizer),
        // A pattern may match before each character, and none of it.
        NormalizerWrapper::Replace(step) => 1 + step.content.len(),
        NormalizerWrapper::Prepend(step) => 1 + step.prepend.len(),
        // The factors of Unicode's annex 15; maps that come with a tokenizer are NFKC with a few changes.
        NormalizerWrapper::NFC(_) | NormalizerWrapper::NFD(_) => 3,
        NormalizerWrapper::NFKC(_) | NormalizerWrapper::NFKD(_) | NormalizerWrapper::Precompiled(_) => 11,
        // Two bytes for one, `ⱥ` for `Ⱥ`.
        NormalizerWrapper::ByteLevel(_) | NormalizerWrapper::Lowercase(_) => 2,
        // Spaces around an ideograph, then NFD and lower case.
        NormalizerWrapper::BertNormalizer(_) => 2 * 3 * 2,
        NormalizerWrapper::StripNormalizer(_)
        | NormalizerWrapper::StripAccents(_)
        | NormalizerWrapper::Nmt(_) => 1,
    }
}

fn of_pre_tokenizer(step: &PreTokenizerWrapper) -> usize {
    match step {
        PreTokenizerWrapper::Sequence(steps) => product(steps.as_ref(), of_pre_tokenizer),
        // A space before each piece, and two bytes for one.
        PreTokenizerWrapper::ByteLevel(_) => 2 * 2,
        // One character of up to four bytes before each piece.
        PreTokenizerWrapper::Metaspace(_) => 1 + 4,
        // The others only split.
        _ => 1,
    }
}

fn product<T>(steps: &[T], of: fn(&T) -> usize) -> usize {
    steps.iter().map(of).fold(1, usize::saturating_mul)
}
