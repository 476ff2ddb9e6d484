//! How commands that read many results end if they cannot read some of them.

use patchmark_results::{Outcome, text::clean};

use crate::console::tell;

/// Warns of every result that was left out, each with its file and the reason.
pub(super) fn left_out(noun: &str, unreadable: &[String]) -> Outcome {
    for reason in unreadable {
        tell!("warning: a {noun} was left out: {}", clean(reason));
    }
    if unreadable.is_empty() { Outcome::Done } else { Outcome::Inconclusive }
}
