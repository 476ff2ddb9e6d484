//! What made a run end with another exit code than 0, in words.

use patchmark_results::{ParityStatus, PartialBecause, Run, text::clean};

/// Why the command did not end with exit code 0, gravest first; empty if it did.
pub fn caveats(run: &Run) -> Vec<String> {
    let mut differing: Vec<String> = Vec::new();
    let mut failed: Vec<String> = Vec::new();
    let mut unmeasured: Vec<String> = Vec::new();
    let note = |list: &mut Vec<String>, name: String| {
        if !list.contains(&name) {
            list.push(name);
        }
    };
    for batch in &run.batches {
        for row in &batch.processors {
            if row.must_equal && matches!(row.parity, ParityStatus::Differs { .. }) {
                note(&mut differing, clean(&row.name));
            }
            if row.failure.is_some() {
                note(&mut failed, clean(&row.name));
            }
        }
        for row in &batch.flows {
            let name = format!("{} (from files)", clean(&row.name));
            if row.differs_wrongly() {
                note(&mut differing, name.clone());
            }
            if row.failure.is_some() {
                note(&mut failed, name);
            }
        }
        for row in batch.forwards.iter().filter(|row| row.forward_ms.samples.is_empty()) {
            note(&mut unmeasured, format!("{} at batch {}", clean(&row.name), batch.batch_size));
        }
    }
    let list =
        |lead: &str, names: &[String]| (!names.is_empty()).then(|| format!("{lead}: {}.", names.join(", ")));
    let partial = because(run).map(|why| format!("Partial run: {why}."));
    [
        list("Outputs that must equal the reference's differ", &differing),
        partial,
        list("Failed", &failed),
        list("Forward not measured", &unmeasured),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The processors that were timed and whose outputs were compared with nothing, in a sentence; none if there is none.
pub fn unverified(run: &Run) -> Option<String> {
    let rows = run.largest_batch()?.processors.iter();
    let rows = rows.filter(|row| row.parity == ParityStatus::NotVerified && row.preprocess().is_some());
    let names: Vec<String> = rows.filter(|row| row.failure.is_none()).map(|row| clean(&row.name)).collect();
    (!names.is_empty()).then(|| format!("Outputs not verified: {}.", names.join(", ")))
}

/// Why a run is partial, and what that means for its rows; none if it is complete.
pub fn partial(run: &Run) -> Option<String> {
    because(run).map(|why| format!("{why}; rows may have few rounds or none"))
}

/// Why a run is partial; none if it is complete.
fn because(run: &Run) -> Option<&'static str> {
    let why = match run.partial_because {
        _ if !run.partial => return None,
        Some(PartialBecause::Interrupted) => "it was interrupted",
        Some(PartialBecause::DeviceLost) => "the GPU was lost",
        Some(PartialBecause::Unreached) => "measuring ended before every batch size was reached",
        None => "it ended early",
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use patchmark_results::fixtures;

    use super::*;

    #[test]
    fn a_flow_that_differs_or_failed_is_named_once() {
        let mut run = fixtures::run::with_flows(fixtures::run::run(&["hf"], &[8]));
        assert!(caveats(&run).is_empty());
        for row in run.batches[0].flows.iter_mut().filter(|row| row.name != "hf-paths") {
            row.parity = ParityStatus::Differs { values: 1, total: 2, detail: String::new() };
        }
        run.batches[0].flows[0].failure = Some("it refuses a file".into());
        let expected = [
            "Outputs that must equal the reference's differ: native+fused (from files).",
            "Failed: hf-paths (from files).",
        ];
        assert_eq!(caveats(&run), expected);
        assert_eq!(run.outcome(), patchmark_results::Outcome::ParityFailed);
    }

    #[test]
    fn a_partial_run_says_why_and_a_whole_one_nothing() {
        let mut run = fixtures::run::run(&["hf"], &[1]);
        assert_eq!(partial(&run), None);
        run.partial = true;
        assert!(partial(&run).unwrap().starts_with("it ended early"));
        run.partial_because = Some(PartialBecause::DeviceLost);
        assert!(partial(&run).unwrap().starts_with("the GPU was lost"));
    }
}
