//! A result of `parity` in words.

use std::collections::BTreeSet;

use super::decoding;
use patchmark_results::{
    Parity, ParityRow, SkippedFile,
    text::{clean, count, plural},
};

/// The largest difference, for a table cell.
pub fn worst(row: &ParityRow) -> String {
    match row.worst {
        _ if row.differing == 0 => "–".to_owned(),
        Some(worst) => format!("{worst:.3e}"),
        None => "inf".to_owned(),
    }
}

/// What it found, in one sentence.
pub fn headline(run: &Parity) -> String {
    let images = plural(run.images.len() as u64, "image");
    let interrupted = if run.partial { " before the interruption" } else { "" };
    let partial = if run.partial { " compared before the interruption" } else { "" };
    let mut bound: Vec<&str> = Vec::new();
    let mut failed: Vec<&str> = Vec::new();
    for row in run.rows.iter().filter(|row| row.must_equal) {
        let list = if row.differing > 0 { &mut failed } else { &mut bound };
        if !list.contains(&row.processor.as_str()) {
            list.push(&row.processor);
        }
    }
    bound.retain(|name| {
        !failed.contains(name) && !run.failures.iter().any(|failure| failure.processor == *name)
    });
    // Each once, though it may have failed at several limits.
    let broken: BTreeSet<&str> = run.failures.iter().map(|failure| failure.processor.as_str()).collect();
    let broken: Vec<&str> = broken.into_iter().collect();
    let broken = match broken.as_slice() {
        [] => String::new(),
        names => format!(" Not fully compared: {}.", clean(&names.join(", "))),
    };
    let compared = match (failed.as_slice(), bound.len()) {
        ([], 0) => {
            format!("No processor that must equal {} was compared{interrupted}.", clean(&run.reference))
        }
        ([], 1) => {
            format!("{} equals {} bit for bit in {images}{partial}.", clean(bound[0]), clean(&run.reference))
        }
        ([], all) => {
            format!("All {all} processors equal {} bit for bit in {images}{partial}.", clean(&run.reference))
        }
        (failed, rest) => format!(
            "{} of {} {} from {}: {}.",
            failed.len(),
            plural((failed.len() + rest) as u64, "processor"),
            if failed.len() == 1 { "differs" } else { "differ" },
            clean(&run.reference),
            clean(&failed.join(", "))
        ),
    };
    match &run.decoding {
        None => compared + &broken,
        Some(found) => format!("{} Processing: {}{broken}", decoding::headline(found), lowered(&compared)),
    }
}

/// A sentence that goes on after a colon.
fn lowered(sentence: &str) -> String {
    match sentence.strip_prefix("All ").or(sentence.strip_prefix("No ")) {
        Some(_) => sentence[..1].to_lowercase() + &sentence[1..],
        None => sentence.to_owned(),
    }
}

/// What a reader must know in addition to the rows.
pub fn notes(run: &Parity) -> Vec<String> {
    let differing = run.rows.iter().filter(|row| row.differing > 0);
    // Processors are given equal pixels, so their differences do not come from decoding.
    let stage = if run.decoding.is_some() { "processing: " } else { "" };
    let mut notes: Vec<String> = run.decoding.iter().flat_map(decoding::notes).collect();
    notes.extend(differing.map(|row| {
        format!(
            "{stage}{} at {} patches differs most in {}",
            clean(&row.processor),
            row.max_num_patches,
            clean(&row.detail)
        )
    }));
    notes.extend(run.failures.iter().map(|failure| {
        format!(
            "{} at {} patches failed after {}: {}",
            clean(&failure.processor),
            failure.max_num_patches,
            plural(failure.images as u64, "image"),
            clean(&failure.reason)
        )
    }));
    notes.extend(SkippedFile::sentence(&run.skipped_files));
    let other: BTreeSet<&str> =
        run.rows.iter().filter(|row| !row.must_equal).map(|row| row.processor.as_str()).collect();
    notes.extend(other.into_iter().map(|name| {
        let name = clean(name);
        format!("{name} has different values by design (Pillow's arithmetic); its differences do not fail the run.")
    }));
    notes
}

/// How many values differ, for a table cell.
pub fn differing(row: &ParityRow) -> String {
    if row.differing == 0 { "0 (exact)".to_owned() } else { count(row.differing) }
}

#[cfg(test)]
mod tests {
    use patchmark_results::parity::ParityFailure;

    use super::*;
    use crate::{markdown, terminal};

    #[test]
    fn each_processor_with_other_arithmetic_is_named_once() {
        use patchmark_results::fixtures::parity::{parity, row};
        let mut run = parity(1);
        let pillow = ["hf-pil", "transformers-pil==5.0.0", "hf-pil"];
        run.rows = pillow.into_iter().map(|name| row(name, 64, false, &[])).collect();
        let found = notes(&run);
        for name in &pillow[..2] {
            let says = format!("{name} has different values by design");
            assert_eq!(found.iter().filter(|note| note.starts_with(&says)).count(), 1, "{found:?}");
        }
    }

    #[test]
    fn a_difference_is_said_to_come_from_decoding_or_from_processing() {
        use patchmark_results::fixtures::parity::{parity, row, with_decoding};
        let mut run = with_decoding(parity(3), 3);
        run.rows = vec![row("fused", 64, true, &[(0, Some(1.0))]), row("naive", 64, true, &[])];
        assert_eq!(
            headline(&run),
            "Decoding: 2 of 3 files have other pixels than transformers reads: a.jpg, b.jpg. Processing: 1 of 2 processors \
             differs from hf: fused."
        );
        let told = notes(&run);
        assert!(told[0].starts_with("decoding: a.jpg: 1,234 of"), "{told:?}");
        assert!(told[2].starts_with("processing: fused at 64 patches differs most in i0"), "{told:?}");
        run.rows.remove(0);
        assert!(headline(&run).ends_with("Processing: naive equals hf bit for bit in 3 images."));
        assert_eq!(run.outcome(), patchmark_results::Outcome::ParityFailed, "decoding alone fails it");
        for text in [terminal::parity::render(&run, 100), markdown::parity::render(&run)] {
            assert!(text.contains("a.jpg: 1,234 of 921,600 values differ, by at most 3 levels"), "{text}");
        }
        run.decoding = None;
        assert_eq!(headline(&run), "naive equals hf bit for bit in 3 images.");
        assert_eq!(run.outcome(), patchmark_results::Outcome::Done);
    }

    #[test]
    fn what_was_not_compared_to_the_end_is_not_called_equal() {
        let text = include_str!("../../../../reports/parity/parity.json");
        let mut run: Parity = serde_json::from_str(text).expect("the committed comparison is one");
        assert!(headline(&run).starts_with("All "), "{}", headline(&run));
        run.rows.retain(|row| ["fused", "batched"].contains(&row.processor.as_str()));
        let limit = run.rows[0].max_num_patches;
        for (processor, limit) in [("naive", limit), ("fused", limit + 1), ("naive", limit + 1)] {
            run.failures.push(ParityFailure {
                processor: processor.into(),
                max_num_patches: limit,
                images: 8,
                reason: "CUDA out of memory".into(),
            });
        }
        let images = run.images.len();
        let found = headline(&run);
        assert_eq!(
            found,
            format!("batched equals hf bit for bit in {images} images. Not fully compared: fused, naive.")
        );
        assert!(
            terminal::parity::render(&run, 100)
                .contains(&format!("fused at {} patches failed after 8 images", limit + 1))
        );
        assert!(markdown::parity::render(&run).contains("CUDA out of memory"));
    }
}
