//! From pairs and judgements to the rows of a comparison's decision.

use patchmark_results::{DecisionRow, Finding, Judgement, Pairs, Verdict};

use crate::{Measured, Refusal, RowName, median};

/// Each row's samples and verdict, as they are saved.
pub fn rows(names: &[RowName], measured: &Measured) -> Vec<DecisionRow> {
    let measured = measured.pairs.iter().zip(&measured.judged);
    names
        .iter()
        .zip(measured)
        .map(|(name, (pairs, judged))| settled(unmeasured(name), pairs.clone(), judged.clone()))
        .collect()
}

/// A row before its first round.
pub fn unmeasured(name: &RowName) -> DecisionRow {
    let (finding, reason) = match (&name.base_failure, &name.candidate_failure, &name.parity) {
        (_, Some(failure), _) => (Some(Finding::Missing), Some(failure.clone())),
        (Some(failure), None, _) => (Some(Finding::New), Some(format!("base: {failure}"))),
        (None, None, Some(parity)) => (Some(Finding::Parity), Some(parity.clone())),
        (None, None, None) => (None, None),
    };
    DecisionRow {
        subject: name.subject.clone(),
        batch: name.batch.clone(),
        figure: "preprocess ms".into(),
        counts: true,
        verdict: Verdict::Inconclusive,
        finding,
        base: None,
        candidate: None,
        judgement: None,
        rounds: 0,
        reason,
        pairs: None,
    }
}

/// The row with its samples and what they say.
pub fn settled(row: DecisionRow, pairs: Pairs, judged: Result<Judgement, Refusal>) -> DecisionRow {
    let middle = |times: &[[f64; 2]]| {
        let times: Vec<f64> = times.iter().flatten().copied().collect();
        (!times.is_empty()).then(|| median(&times))
    };
    DecisionRow {
        verdict: match (row.finding, &judged) {
            (Some(Finding::Parity), _) => Verdict::Regressed,
            (_, Ok(judged)) => judged.verdict,
            (_, Err(_)) => Verdict::Inconclusive,
        },
        base: middle(&pairs.base),
        candidate: middle(&pairs.candidate),
        rounds: pairs.rounds(),
        reason: row.reason.or_else(|| judged.as_ref().err().map(ToString::to_string)),
        judgement: judged.ok(),
        pairs: Some(pairs),
        ..row
    }
}
