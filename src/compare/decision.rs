//! Turns samples and verdicts into the rows of a decision.

use patchmark_results::{DecisionRow, Finding, Verdict};
use patchmark_statistics::{Measured, RowName, median};

/// Each row's samples and verdict, as they are saved.
pub fn rows(names: &[RowName], measured: &Measured) -> Vec<DecisionRow> {
    let middle = |times: &[[f64; 2]]| {
        let times: Vec<f64> = times.iter().flatten().copied().collect();
        (!times.is_empty()).then(|| median(&times))
    };
    names
        .iter()
        .zip(measured.pairs.iter().zip(&measured.judged))
        .map(|(name, (pairs, judged))| {
            let (finding, reason) = match (&name.base_failure, &name.candidate_failure, &name.parity) {
                (_, Some(failure), _) => (Some(Finding::Missing), Some(failure.clone())),
                (Some(failure), None, _) => (Some(Finding::New), Some(format!("base: {failure}"))),
                (None, None, Some(parity)) => (Some(Finding::Parity), Some(parity.clone())),
                (None, None, None) => (None, judged.as_ref().err().map(ToString::to_string)),
            };
            DecisionRow {
                subject: name.subject.clone(),
                batch: name.batch.clone(),
                figure: "preprocess ms".into(),
                counts: true,
                verdict: match (finding, judged) {
                    (Some(Finding::Parity), _) => Verdict::Regressed,
                    (_, Ok(judged)) => judged.verdict,
                    (_, Err(_)) => Verdict::Inconclusive,
                },
                finding,
                base: middle(&pairs.base),
                candidate: middle(&pairs.candidate),
                judgement: judged.as_ref().ok().copied(),
                rounds: pairs.rounds(),
                reason,
                pairs: Some(pairs.clone()),
            }
        })
        .collect()
}
