//! What was found in one tensor, in sentences.

use anyhow::Result;
use patchmark_results::{
    ParityClass,
    golden::{CaseVerdict, ExpectedTensor, TensorCheck},
    text::{count, plural},
};

use crate::{
    places::Places,
    tensor_file::TensorFile,
    values::{self, Layout, Pixels, Tally},
};

/// The key of the tensor to which tolerances apply; all others must be equal.
pub(crate) const PIXELS: &str = "pixel_values";

/// A result without a measured difference.
fn result(key: &str, verdict: CaseVerdict, class: Option<ParityClass>, findings: Vec<String>) -> TensorCheck {
    TensorCheck { key: key.to_owned(), verdict, class, findings, difference: None }
}

/// The result of a tensor that breaks the contract, so that its values cannot be compared.
pub(crate) fn broken(key: &str, finding: String) -> TensorCheck {
    result(key, CaseVerdict::Failed, None, vec![finding])
}

/// The result of a tensor of which only digests are kept.
///
/// # Errors
/// As [`values::digests`].
pub(crate) fn of_digest(
    file: &mut TensorFile,
    places: &Places<'_>,
    (key, name, expected): (&str, &str, &ExpectedTensor),
    layout: Layout,
    allow: ParityClass,
) -> Result<TensorCheck> {
    let digests = values::digests(file, name, layout)?;
    let differ: Vec<String> = (0..layout.images)
        .filter(|&image| digests.get(image) != expected.sha256.get(image))
        .map(|image| places.image(image))
        .collect();
    if differ.is_empty() {
        return Ok(result(key, CaseVerdict::Passed, Some(ParityClass::Exact), Vec::new()));
    }
    // Only equality can be proved by a digest.
    let verdict = match allow {
        ParityClass::Exact => CaseVerdict::Failed,
        _ => CaseVerdict::NotVerified,
    };
    let larger = expected.bytes().unwrap_or(u64::MAX) / 1024 + 1;
    let finding = format!(
        "{key} differs in {}; only a digest is kept, which does not say by how much (`patchmark golden make --full-under \
         {larger}KiB` keeps it whole)",
        listed(&differ)
    );
    Ok(result(key, verdict, None, vec![finding]))
}

/// The result of `pixel_values`.
pub(crate) fn of_pixels(
    places: &Places<'_>,
    layout: Layout,
    mut found: Pixels,
    allow: ParityClass,
) -> TensorCheck {
    let mut findings = Vec::new();
    let width = places.parameters.patch_size.pow(2) * 3;
    let patches = layout.values / width.max(1);
    found.difference.values = (0..layout.images).map(|image| places.real(image, patches) * width).sum();
    if let Some(first) = &found.not_finite.first {
        let place = places.describe(places.of_pixel(first.image, first.index));
        findings.push(format!(
            "{PIXELS} has {}, the first in {place}: {} instead of {}",
            plural(found.not_finite.count, "NaN or infinite value"),
            first.found,
            first.expected
        ));
    }
    if let Some(first) = &found.padding.first {
        findings.push(format!(
            "{PIXELS} has {} other than 0 in the padding, the first in patch {} of {}, which has {}: {} instead of {}",
            plural(found.padding.count, "value"),
            places.of_pixel(first.image, first.index).patch,
            places.image(first.image),
            plural(places.real(first.image, patches), "patch"),
            first.found,
            first.expected
        ));
    }
    let broken = !findings.is_empty();
    let class = found.difference.class();
    if let (Some(worst), Some(place)) = (&found.worst, found.difference.place) {
        let mut measured = found.difference.clone();
        measured.place = None;
        findings.push(format!(
            "{PIXELS} {}; most in {}: {} instead of {}",
            measured.describe(),
            places.describe(place),
            worst.found,
            worst.expected
        ));
    }
    let passed = !broken && class <= allow;
    TensorCheck {
        key: PIXELS.to_owned(),
        verdict: if passed { CaseVerdict::Passed } else { CaseVerdict::Failed },
        class: (!broken).then_some(class),
        findings,
        difference: Some(found.difference),
    }
}

/// The result of a tensor that must be equal.
pub(crate) fn of_exact(
    places: &Places<'_>,
    (key, expected): (&str, &ExpectedTensor),
    layout: Layout,
    found: &Tally,
    note: &str,
) -> TensorCheck {
    let Some(first) = &found.first else {
        return result(key, CaseVerdict::Passed, Some(ParityClass::Exact), Vec::new());
    };
    let total = layout.values * layout.images as u64;
    let mut index = first.index;
    let mut within: Vec<u64> = Vec::new();
    for side in expected.shape.iter().skip(1).rev() {
        within.insert(0, index % side.max(&1));
        index /= side.max(&1);
    }
    within.insert(0, first.image as u64);
    let finding = format!(
        "{key} differs in {} of {}, first in {}: {key}{within:?} is {} instead of {}{note}",
        count(found.count),
        plural(total, "value"),
        places.image(first.image),
        first.found,
        first.expected
    );
    result(key, CaseVerdict::Failed, Some(ParityClass::Different), vec![finding])
}

/// The first of some names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
