//! Text from outside in Markdown.

use patchmark_results::text::clean;

/// Text from outside as itself: neither a table's border nor markup, a link or HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if "\\`*_{}[]<>#|~&!".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
