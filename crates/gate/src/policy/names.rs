//! Whether the processors that a policy names exist.

use patchmark_results::{
    Run,
    subjects::{GPU_NAMES, NAMES, has_form, nearest},
};

use crate::figures::processors;

/// Every processor that a policy about these runs can name, those of the runs first.
pub(super) fn known<'a>(runs: &[&'a Run]) -> Vec<&'a str> {
    let own = runs.iter().flat_map(|run| processors(run).map(|(_, row)| row.name.as_str()));
    let mut known: Vec<&str> = Vec::new();
    for name in own.chain(NAMES).chain(GPU_NAMES) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

/// Why `name` is refused; none if it is one of `known` or has the form of a subject.
pub(super) fn refusal(name: &str, known: &[&str]) -> Option<String> {
    if known.contains(&name) || has_form(name) {
        return None;
    }
    let instead = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("choose from {}", known.join(", ")),
    };
    Some(format!("{name:?} is not a processor; {instead}"))
}
