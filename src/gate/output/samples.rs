//! Decisions for tests of what is made of them.

use crate::gate::{
    Change, Decision, Finding, Judgement, Row, Rule, Verdict,
    decision::{DECISION_VERSION, Kind},
};
use crate::report::schema::Environment;

/// A row that is 12% worse, or has a finding in the place of a change.
pub fn row(subject: &str, verdict: Verdict, finding: Option<Finding>) -> Row {
    let change = Change { median: 0.12, low: 0.08, high: Some(0.17) };
    Row {
        subject: subject.into(),
        batch: "mixed, batch 8".into(),
        figure: "preprocess ms".into(),
        counts: true,
        verdict,
        finding,
        base: Some(3.4),
        candidate: Some(3.8),
        judgement: finding.is_none().then_some(Judgement { verdict, change, min_effect: 0.013 }),
        rounds: 32,
        reason: finding.map(|_| "processor \"quick\" | is\u{1b}[31m\nunknown <here> & there, 100%".into()),
        pairs: None,
    }
}

/// A decision of `compare` about `rows`.
pub fn decision(rows: Vec<Row>) -> Decision {
    Decision {
        schema_version: DECISION_VERSION,
        kind: Kind::Compare,
        started_unix_s: 1_760_000_000,
        elapsed_s: 61.5,
        partial: false,
        verdict: Verdict::Inconclusive,
        exit_code: 0,
        base: "build of 0123abc".into(),
        candidate: "build of 4567def".into(),
        rule: Rule { rows: 3, looks: 6, ..Rule::default() },
        allow_inconclusive: false,
        allow_environment: false,
        differences: Vec::new(),
        rows,
        notes: vec!["measuring ended after 32 rounds".into()],
        environment: Environment::default(),
    }
    .concluded()
}
