//! A saved run compared with a saved baseline.

use anyhow::Result;
use patchmark_results::{
    Decision, DecisionKind, DecisionRow, ERROR_RATE, Finding, ProcessorRow, Rule, Run, Verdict,
    decision::DECISION_VERSION,
};
use patchmark_statistics::{effect, judge::judge, median};

use crate::{
    coverage::{self, Measured},
    environment::{differences, different_work},
    figures::{Figure, FigureKind, figures, processors},
    gaps,
    policy::{self, Demand, Policy},
};

/// What the user allows by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Absolute times are compared even if the environment differs from the baseline's.
    pub environment: bool,
    /// Run and baseline may be the same measurement.
    pub identical: bool,
}

/// Decides about `run`. Both runs must come from [`crate::load::read`], and neither may be partial.
///
/// # Errors
/// An input error if the policy names a processor that does not exist.
pub fn decide(run: &Run, baseline: &Run, policy: &Policy, allowed: Allowed) -> Result<Decision> {
    policy.check_names(&[run, baseline])?;
    let work = different_work(run, baseline);
    let machine = differences(run, baseline);
    // Other work makes every figure another; another machine only the times.
    let compared = |figure: &Figure| {
        allowed.environment || (work.is_empty() && (machine.is_empty() || figure.kind != FigureKind::Time))
    };
    let device = run.settings.device.as_str();
    let (candidate, base) = (figures(run), figures(baseline));
    let both = |figure: &&Figure| {
        compared(figure) && base.iter().any(|other| other.is(figure)) && policy.demand(figure, device).counts
    };
    let rule = Rule {
        min_effect: policy.min_effect(),
        error_rate: ERROR_RATE,
        rows: candidate.iter().filter(both).count().max(1),
        looks: 1,
    };
    let mut rows = parity_rows(run, baseline, policy);
    for figure in &candidate {
        let demand = policy.demand(figure, device);
        let before = base.iter().find(|other| other.is(figure));
        let mut row = match before {
            None => new(figure, &demand),
            Some(before) if compared(figure) => judged(figure, before, &demand, &rule),
            // Reported once, in the differences; one row per figure would hide that.
            Some(_) => continue,
        };
        ceiling(&mut row, figure, &demand);
        rows.push(row);
    }
    for figure in base.iter().filter(|figure| !candidate.iter().any(|other| other.is(figure))) {
        rows.push(missing(figure, &policy.demand(figure, device)));
    }
    let mut notes = if allowed.environment { Vec::new() } else { not_compared(&work, &machine) };
    let (mut gaps, permitted) =
        coverage::of_policy(policy, &Measured { run: &candidate, baseline: &base, device });
    notes.extend(permitted);
    match gaps::identical(&candidate, &base) {
        Some(_) if allowed.identical => notes.push(gaps::IDENTICAL_ALLOWED.to_owned()),
        found => gaps.extend(found),
    }
    // Where the difference of the runs is why nothing was compared, it is said instead.
    if allowed.environment || (work.is_empty() && machine.is_empty()) {
        gaps.extend(gaps::nothing_counts(&rows));
    }
    Ok(Decision {
        schema_version: DECISION_VERSION,
        kind: DecisionKind::Gate,
        started_unix_s: run.started_unix_s,
        elapsed_s: run.elapsed_s,
        partial: false,
        verdict: Verdict::Inconclusive,
        exit_code: 0,
        base: named(baseline),
        candidate: named(run),
        rule,
        allow_inconclusive: policy.allows_inconclusive(),
        allow_environment: allowed.environment,
        accepted: false,
        differences: work.into_iter().chain(machine).collect(),
        gaps,
        rows,
        notes,
        environment: run.environment.clone(),
    }
    .concluded())
}

/// What was not compared because of the differences, as a sentence.
fn not_compared(work: &[String], machine: &[String]) -> Vec<String> {
    let note = if !work.is_empty() {
        "the runs measured different things, so no figure was compared; make a baseline with the same options"
    } else if !machine.is_empty() {
        "absolute times were not compared; --allow-environment compares them anyway"
    } else {
        return Vec::new();
    };
    vec![note.to_owned()]
}

fn named(run: &Run) -> String {
    format!("run of {} ({})", run.environment.commit, run.settings.model)
}

/// One row per processor whose outputs are not allowed, or were not compared.
fn parity_rows(run: &Run, baseline: &Run, policy: &Policy) -> Vec<DecisionRow> {
    let device = run.settings.device.as_str();
    let mut rows = Vec::new();
    for (batch_size, row) in processors(run) {
        let same = |(size, other): &(usize, &ProcessorRow)| {
            *size == batch_size && (&other.name, &other.feed) == (&row.name, &row.feed)
        };
        let before = processors(baseline).find(same).map(|(_, other)| &other.parity);
        let demand = policy.demand_of(&row.name, batch_size, device);
        if let Some((finding, why)) = policy::finding(demand.parity, &row.parity, before, row.must_equal) {
            rows.push(DecisionRow {
                subject: row.label(),
                batch: format!("batch {batch_size}"),
                figure: "parity".into(),
                counts: true,
                verdict: if finding == Finding::Parity { Verdict::Regressed } else { Verdict::Inconclusive },
                finding: Some(finding),
                base: None,
                candidate: None,
                judgement: None,
                rounds: row.preprocess_ms.samples.len(),
                reason: Some(why),
                pairs: None,
            });
        }
    }
    rows
}

fn row(figure: &Figure, demand: &Demand) -> DecisionRow {
    DecisionRow {
        subject: figure.subject.clone(),
        batch: format!("batch {}", figure.batch_size),
        figure: figure.name.clone(),
        counts: demand.counts,
        verdict: Verdict::Inconclusive,
        finding: None,
        base: None,
        candidate: middle(figure),
        judgement: None,
        rounds: figure.samples.len(),
        reason: None,
        pairs: None,
    }
}

fn middle(figure: &Figure) -> Option<f64> {
    (!figure.samples.is_empty()).then(|| median(&figure.samples))
}

fn new(figure: &Figure, demand: &Demand) -> DecisionRow {
    DecisionRow {
        finding: Some(Finding::New),
        reason: Some("not in the baseline".into()),
        ..row(figure, demand)
    }
}

fn missing(figure: &Figure, demand: &Demand) -> DecisionRow {
    DecisionRow {
        finding: Some(Finding::Missing),
        base: middle(figure),
        candidate: None,
        rounds: 0,
        reason: Some("in the baseline but not in the run".into()),
        ..row(figure, demand)
    }
}

fn judged(figure: &Figure, before: &Figure, demand: &Demand, rule: &Rule) -> DecisionRow {
    let mut row = DecisionRow { base: middle(before), ..row(figure, demand) };
    if figure.samples.is_empty() && !before.samples.is_empty() {
        return DecisionRow { reason: Some("the row failed in the run".into()), ..missing(before, demand) };
    }
    let rule = Rule { min_effect: demand.min_effect, ..*rule };
    match effect::unpaired(&before.samples, &figure.samples) {
        Ok(effect) => {
            let judgement = judge(&effect, 0.0, figure.better, &rule);
            row.verdict = judgement.verdict;
            row.judgement = Some(judgement);
        }
        Err(refusal) => row.reason = Some(refusal.to_string()),
    }
    row
}

/// Makes a ratio above the policy's ceiling a finding, whatever the baseline has.
fn ceiling(row: &mut DecisionRow, figure: &Figure, demand: &Demand) {
    let (Some(most), Some(ratio)) = (demand.max_ratio, middle(figure)) else { return };
    if figure.kind == FigureKind::Ratio && ratio > most {
        row.finding = Some(Finding::Ceiling);
        row.verdict = Verdict::Regressed;
        row.reason = Some(format!("the policy allows a ratio of at most {most}"));
    }
}
