//! Decisions that guard nothing, whatever the policy says.

use patchmark_results::{DecisionRow, Finding, Gap, GapKind};

use crate::figures::{Figure, FigureKind};

/// The note instead of the gap if the user allows identical runs.
pub(crate) const IDENTICAL_ALLOWED: &str =
    "run and baseline hold the same samples, which --allow-identical allows: they cannot differ";

/// The gap if both runs are one measurement: every sample that both have is the same. The times of two measurements are
/// never equal to the last bit.
pub(crate) fn identical(run: &[Figure], baseline: &[Figure]) -> Option<Gap> {
    let mut pairs = run
        .iter()
        .filter(|figure| figure.kind == FigureKind::Time && !figure.samples.is_empty())
        .filter_map(|figure| Some((figure, baseline.iter().find(|other| other.is(figure))?)))
        .filter(|(_, other)| !other.samples.is_empty())
        .peekable();
    pairs.peek()?;
    pairs.all(|(figure, other)| figure.samples == other.samples).then(|| Gap {
        kind: GapKind::Identical,
        place: String::new(),
        detail: "run and baseline hold the same samples, so no change can be found: name a new run, or give \
                 --allow-identical"
            .to_owned(),
    })
}

/// The gap if no row that counts was compared with the baseline or a ceiling.
pub(crate) fn nothing_counts(rows: &[DecisionRow]) -> Option<Gap> {
    let counted = || rows.iter().filter(|row| row.counts);
    let found = |row: &DecisionRow| row.finding.is_some_and(|finding| finding != Finding::New);
    if counted().any(|row| row.judgement.is_some() || found(row)) {
        return None;
    }
    let detail = if rows.is_empty() {
        "neither run has a row"
    } else if counted().next().is_none() {
        "no row counts: the policy sets counts = false for all of them, so nothing can fail; set counts = true for some"
    } else if counted().all(|row| row.finding == Some(Finding::New)) {
        "every row that counts is new, so none was compared; make a baseline that has them with --update"
    } else {
        "no row that counts could be judged; measure more rounds, with a larger --budget for bench"
    };
    Some(Gap { kind: GapKind::NothingCounts, place: String::new(), detail: detail.to_owned() })
}
