//! Fields of CSV files.

use patchmark_results::text::clean;

/// A CSV field, quoted if it must be. A leading sign that would make it a formula in a spreadsheet is escaped.
pub(super) fn field(text: &str) -> String {
    let text = clean(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
