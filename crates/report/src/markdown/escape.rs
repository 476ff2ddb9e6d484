//! External text in Markdown.

use patchmark_results::text::clean;

/// Escapes external text, so that it cannot become a table's border, markup, a link or HTML.
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
