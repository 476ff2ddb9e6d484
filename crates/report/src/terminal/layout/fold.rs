//! Text in lines of a given width.

use textwrap::{
    WordSeparator,
    core::{Word, break_words},
    wrap_algorithms::wrap_first_fit,
};

/// Joins two words that must stay on one line; it is printed as a space. External text never has it, because
/// [`clean`](patchmark_results::text::clean) replaces it.
pub const GLUE: char = '\u{a0}';

/// `text`, whose words stay on one line if there is room for them.
pub fn glued(text: &str) -> String {
    text.replace(' ', &GLUE.to_string())
}

/// The characters after which a word that is too long breaks first: those between the parts of a path or a name.
const JOINTS: [char; 7] = ['/', ':', '=', ',', '-', '_', '.'];

/// `text` in lines, the first `first` columns wide and the others `rest`. Lines break between words; a word that is wider
/// than a line breaks at its joints, or anywhere if it has none. There is at least one line.
pub(super) fn fold(text: &str, first: usize, rest: usize) -> Vec<String> {
    // A wide character needs two columns.
    let limit = first.min(rest).max(2);
    let words = WordSeparator::AsciiSpace.find_words(text).flat_map(|word| parts(word, limit));
    let words = break_words(words, limit);
    let lines = wrap_first_fit(&words, &[first.max(2) as f64, rest.max(2) as f64]);
    let mut lines: Vec<String> = lines.into_iter().map(line).collect();
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// The parts of a word that is wider than `limit`; otherwise the word itself.
fn parts(word: Word<'_>, limit: usize) -> Vec<Word<'_>> {
    if word.word.is_empty() || textwrap::core::display_width(word.word) <= limit {
        return vec![word];
    }
    let mut parts: Vec<Word<'_>> = word.word.split_inclusive(JOINTS).map(Word::from).collect();
    if let Some(last) = parts.last_mut() {
        last.whitespace = word.whitespace;
    }
    parts
}

fn line(words: &[Word<'_>]) -> String {
    let mut line = String::new();
    for word in words {
        line += word.word;
        line += word.whitespace;
    }
    line.trim_end_matches(' ').replace(GLUE, " ")
}
