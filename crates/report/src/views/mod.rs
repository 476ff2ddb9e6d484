//! The view of each kind of result.

mod decision;
mod parity;
mod releases;
mod run;
mod validation;

use patchmark_results::Saved;

use crate::view::View;

/// The view of a result that was read from a file.
pub fn of(saved: &Saved) -> &dyn View {
    match saved {
        Saved::Run(run) => run,
        Saved::Decision(decision) => decision,
        Saved::Parity(parity) => parity,
        Saved::Validation(validation) => validation,
        Saved::Releases(releases) => releases,
    }
}
