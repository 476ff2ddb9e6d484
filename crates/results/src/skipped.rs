//! Files that were left out of a result.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{clean, plural};

/// The most files that the sentence names.
const NAMED: usize = 5;

/// A file that could not be decoded and was left out, as `--skip-bad-files` asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedFile {
    /// The file, as the folder or the list names it.
    pub file: String,
    /// Why it could not be decoded.
    pub reason: String,
}

impl SkippedFile {
    /// What a reader of a result must know of files that were left out; none if there are none.
    pub fn sentence(files: &[Self]) -> Option<String> {
        if files.is_empty() {
            return None;
        }
        let named: Vec<String> = files.iter().take(NAMED).map(|file| clean(&file.reason)).collect();
        let more = match files.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let files = plural(files.len() as u64, "file");
        Some(format!("{files} left out by --skip-bad-files: {}{more}", named.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_all_files_and_names_the_first() {
        let files = |count: usize| -> Vec<SkippedFile> {
            let file = |index| format!("{index}.jpg");
            (0..count)
                .map(|index| SkippedFile { file: file(index), reason: format!("{} is damaged", file(index)) })
                .collect()
        };
        assert_eq!(SkippedFile::sentence(&[]), None);
        let one = SkippedFile::sentence(&files(1)).unwrap();
        assert_eq!(one, "1 file left out by --skip-bad-files: 0.jpg is damaged");
        let many = SkippedFile::sentence(&files(8)).unwrap();
        assert!(
            many.starts_with("8 files left out") && many.ends_with("4.jpg is damaged; and 3 more"),
            "{many}"
        );
    }
}
