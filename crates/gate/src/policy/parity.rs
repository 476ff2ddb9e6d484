//! How outputs may differ from the reference's.

use patchmark_results::{Finding, ParityStatus};
use serde::Deserialize;

/// What a policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedParity {
    /// No difference.
    Exact,
    /// Other values. Unless the policy says so, outputs that were exact in the baseline must stay exact.
    Differs,
}

/// The finding about outputs with the status `now`, and why they are not allowed; none if they are. `asked` is what the
/// policy says, `before` the status in the baseline, and `must_equal` says whether the processor must equal the reference.
pub(crate) fn finding(
    asked: Option<AllowedParity>,
    now: &ParityStatus,
    before: Option<&ParityStatus>,
    must_equal: bool,
) -> Option<(Finding, String)> {
    let allowed = asked.unwrap_or(if must_equal { AllowedParity::Exact } else { AllowedParity::Differs });
    let may_differ = allowed == AllowedParity::Differs;
    let was_exact = matches!(before, Some(ParityStatus::Exact | ParityStatus::Reference));
    match now {
        ParityStatus::Exact | ParityStatus::Reference => None,
        ParityStatus::NotVerified if may_differ && !was_exact => None,
        ParityStatus::NotVerified => {
            Some((Finding::NotVerified, "its outputs were not compared with the reference's".into()))
        }
        ParityStatus::Differs { .. } if may_differ && (!was_exact || asked.is_some()) => None,
        ParityStatus::Differs { values, total, detail } => Some((
            Finding::Parity,
            format!("{values} of {total} values differ from the reference's, {detail}"),
        )),
    }
}
