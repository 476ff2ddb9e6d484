//! What runs mean for the exit code of `bench`.

use crate::{
    error::Outcome,
    processor,
    report::schema::{ParityStatus, Run},
};

/// What a run means for CI: a processor that must equal the reference and does not fails it, and one that lacks
/// rows or forwards, or was cut short by a lost device, is incomplete.
pub(super) fn verdict(run: &Run, interrupted: bool) -> Outcome {
    let rows = || run.batches.iter().flat_map(|batch| &batch.processors);
    let mut forwards = run.batches.iter().flat_map(|batch| &batch.forwards);
    let must = |name: &str| processor::must_equal_reference(name);
    if rows().any(|row| must(&row.name) && matches!(row.parity, ParityStatus::Differs { .. })) {
        Outcome::ParityFailed
    } else if run.partial && interrupted {
        Outcome::Interrupted
    } else if run.partial
        || rows().any(|row| row.failure.is_some())
        || forwards.any(|row| row.forward_ms.samples.is_empty())
    {
        Outcome::Inconclusive
    } else {
        Outcome::Done
    }
}

/// The outcome that matters more.
pub(super) fn worse(one: Outcome, other: Outcome) -> Outcome {
    let rank = |outcome| match outcome {
        Outcome::Done => 0,
        Outcome::EnvironmentDiffers => 1,
        Outcome::Inconclusive => 2,
        Outcome::Regressed => 3,
        Outcome::ParityFailed => 4,
        Outcome::Interrupted => 5,
    };
    if rank(other) > rank(one) { other } else { one }
}
