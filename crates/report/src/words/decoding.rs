//! In words: decoded files held against what transformers' own loader gives.

use patchmark_results::{
    DecodingParity, FileDifference,
    text::{clean, count, plural},
};

/// The most files that notes describe.
const DESCRIBED: usize = 10;
/// The most files that a headline names.
const NAMED: usize = 5;

/// What it found, in one sentence.
pub fn headline(decoding: &DecodingParity) -> String {
    let files = plural(decoding.files as u64, "file");
    if decoding.differing.is_empty() {
        let have = if decoding.files == 1 { "has" } else { "have" };
        return format!("Decoding: {files} {have} the pixels that transformers reads.");
    }
    let names = decoding.differing.iter().take(NAMED).map(|file| clean(&file.file));
    let more = match decoding.differing.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let have = if decoding.differing.len() == 1 { "has" } else { "have" };
    format!(
        "Decoding: {} of {files} {have} other pixels than transformers reads: {}{more}.",
        count(decoding.differing.len() as u64),
        names.collect::<Vec<_>>().join(", ")
    )
}

/// What differs in each file, one sentence per file.
pub fn notes(decoding: &DecodingParity) -> Vec<String> {
    let described = decoding.differing.iter().take(DESCRIBED);
    let mut notes: Vec<String> =
        described.map(|file| format!("decoding: {}: {}", clean(&file.file), what(file))).collect();
    if let more @ 1.. = decoding.differing.len().saturating_sub(DESCRIBED) {
        let files = if more == 1 { "file" } else { "files" };
        notes.push(format!("decoding: parity.json lists {} more {files}", count(more as u64)));
    }
    notes
}

/// What differs in a file.
pub fn what(file: &FileDifference) -> String {
    if !file.detail.is_empty() {
        return clean(&file.detail);
    }
    let worst = file
        .worst
        .map_or_else(String::new, |worst| format!(", by at most {}", plural(u64::from(worst), "level")));
    format!("{} of {} values differ{worst}", count(file.differing), count(file.values))
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures::parity::{parity, with_decoding};

    use super::*;

    fn decoding() -> DecodingParity {
        with_decoding(parity(3), 3).decoding.expect("the fixture has it")
    }

    #[test]
    fn each_differing_file_is_named_with_what_differs() {
        let found = decoding();
        let told = "Decoding: 2 of 3 files have other pixels than transformers reads: a.jpg, b.jpg.";
        assert_eq!(headline(&found), told);
        let notes = notes(&found);
        assert_eq!(notes[0], "decoding: a.jpg: 1,234 of 921,600 values differ, by at most 3 levels");
        assert!(notes[1].starts_with("decoding: b.jpg: it is decoded to 640x480 px"), "{}", notes[1]);
    }

    #[test]
    fn of_many_files_the_first_are_described() {
        let mut found = decoding();
        let one = found.differing.remove(0);
        found = DecodingParity { files: 20, equal: 8, differing: vec![one; 12] };
        assert!(headline(&found).ends_with("a.jpg, a.jpg and 7 more."), "{}", headline(&found));
        assert_eq!(notes(&found).len(), 11);
        assert_eq!(notes(&found)[10], "decoding: parity.json lists 2 more files");
    }

    #[test]
    fn equal_files_are_counted() {
        let equal = |files| DecodingParity { files, equal: files, differing: Vec::new() };
        assert_eq!(headline(&equal(3)), "Decoding: 3 files have the pixels that transformers reads.");
        assert_eq!(headline(&equal(1)), "Decoding: 1 file has the pixels that transformers reads.");
        assert!(notes(&equal(3)).is_empty());
    }
}
