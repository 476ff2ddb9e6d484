//! A validation for tests of what is made of it.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Conclusion, Report, SCHEMA_VERSION};
use crate::gate::{Change, Judgement, Verdict};
use crate::validate::{CheckVerdict, Finding, Outcome, ParityReport, Row, SpeedRow};

/// A validation whose every text is `text`, with one check that failed and two batch sizes timed.
pub fn report(text: &str) -> Report {
    let text = || text.to_owned();
    let check = |name: String, verdict| Row {
        name,
        guards: text(),
        verdict,
        reason: text(),
        count: 2,
        findings: vec![Finding { detail: text(), trace: text() }],
        evidence: Some(PathBuf::from(text())),
        smallest: Some((3, 4)),
        replay: text(),
        call: None,
    };
    let speed = |batch_size, median: f64, verdict| SpeedRow {
        batch_size,
        reference_ms: 10.0,
        candidate_ms: 10.0 * (1.0 + median),
        rounds: 40,
        verdict,
        judgement: Some(Judgement {
            verdict,
            change: Change { median, low: median - 0.02, high: Some(median + 0.02) },
            min_effect: 0.05,
        }),
    };
    let parity = ParityReport { cases: 83, ..ParityReport::default() };
    let versions = BTreeMap::from([("torch".to_owned(), text()), (text(), text())]);
    Report {
        schema_version: SCHEMA_VERSION,
        verdict: Conclusion::Failed,
        exit_code: 4,
        candidate: text(),
        candidate_class: text(),
        against: text(),
        against_class: text(),
        relaxed: Some(text()),
        candidate_versions: versions.clone(),
        against_versions: versions,
        cpu_capability: text(),
        threads: 2,
        commit: text(),
        elapsed_s: 61.0,
        outcome: Outcome {
            checks: vec![check(text(), CheckVerdict::Failed), check("keys".to_owned(), CheckVerdict::Passed)],
            parity: Some(parity),
            embeddings: None,
            speed: vec![speed(1, 0.01, Verdict::Equivalent), speed(8, 0.25, Verdict::Regressed)],
            speed_missing: None,
        },
    }
}
