//! How much longer the steps of a tokenizer can make a text before it is cut to the model's length.
//!
//! Each step replaces characters by longer ones, and a file may have any number of steps, so that a few lines can ask for
//! more memory than there is.

use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

/// How many times as many bytes the steps of a tokenizer can make of a text at the most.
pub fn growth(tokenizer: &Tokenizer) -> usize {
    let normalizer = tokenizer.get_normalizer().map_or(1, of_normalizer);
    normalizer.saturating_mul(tokenizer.get_pre_tokenizer().map_or(1, of_pre_tokenizer))
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
