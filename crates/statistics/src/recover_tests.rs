use patchmark_results::{
    DecisionKind, Environment, Judgement, ProcessorRow, Round, Rule, RunSettings, Verdict,
    decision::DECISION_VERSION,
    journal::{
        FlowSamples, FlowSubject, ForwardSamples, ForwardSubject, Header, JOURNAL_VERSION, ProcessorSamples,
        ProcessorSubject,
    },
};

use super::*;
use crate::RowName;

fn subjects() -> Subjects {
    let processor = |name: &str| ProcessorSubject {
        name: name.into(),
        feed: "HWC".into(),
        must_equal: true,
        is_reference: name == "hf",
    };
    Subjects {
        processors: ["hf", "fused"].map(processor).to_vec(),
        forwards: vec![ForwardSubject { name: "native".into(), run: 1 }],
        tokenizes: false,
        flows: vec![FlowSubject { name: "hf-paths".into(), threads: 1 }],
    }
}

/// Round number `round` at a batch size: `hf` takes ten times as long as `fused`, and the forward twice as long.
fn round(batch_size: usize, round: usize) -> BatchSamples {
    let fused = 1.0 + round as f64 / 100.0;
    let processor = |ms: f64| ProcessorSamples { preprocess_ms: vec![ms], ..ProcessorSamples::default() };
    BatchSamples {
        batch_size,
        processors: vec![processor(fused * 10.0), processor(fused)],
        forwards: vec![ForwardSamples { forward_ms: vec![fused * 2.0], ..ForwardSamples::default() }],
        flows: vec![FlowSamples { total_ms: vec![fused * 20.0], ..FlowSamples::default() }],
        ..BatchSamples::default()
    }
}

fn contents(measurement: Measurement, entries: Vec<Entry>) -> Contents {
    Contents { header: Header { journal_version: JOURNAL_VERSION, measurement }, entries }
}

fn run() -> Run {
    let settings = RunSettings { device: "cpu".into(), ..RunSettings::default() };
    Run {
        batches: Vec::new(),
        notes: vec!["known before".into()],
        settings,
        ..patchmark_results::fixtures::run::run(&[], &[])
    }
}

fn bench(entries: Vec<Entry>) -> Vec<(PathBuf, Saved)> {
    let runs = vec![("f32".into(), run()), ("bf16".into(), run())];
    results(contents(Measurement::Bench { runs, subjects: subjects() }, entries))
}

#[test]
fn the_runs_of_a_bench_have_every_sample_in_their_rows() {
    let failed =
        BatchSamples { batch_size: 32, failure: Some("out of memory".into()), ..BatchSamples::default() };
    let mut entries: Vec<Entry> =
        (0..7).flat_map(|index| [8, 16].map(|size| Entry::Samples(round(size, index)))).collect();
    entries.push(Entry::Samples(failed));
    let loader = Box::new(ProcessorRow::unmeasured("loader-2", "PIL", true));
    entries.push(Entry::Row { run: 1, batch_size: 16, row: loader });
    entries.push(Entry::Note(Some(1), "only of the second".into()));
    entries.push(Entry::ElapsedS(12.5));
    let recovered = bench(entries);
    let [(first, Saved::Run(without)), (second, Saved::Run(with))] = recovered.as_slice() else {
        panic!("{recovered:?}")
    };
    assert_eq!((first.to_str(), second.to_str()), (Some("f32"), Some("bf16")));
    assert!(with.partial && with.partial_because == Some(PartialBecause::Interrupted));
    assert_eq!(with.elapsed_s, 12.5);
    assert_eq!(with.batches.iter().map(|batch| batch.batch_size).collect::<Vec<_>>(), [8, 16, 32]);
    let fused = &with.batches[0].processors[1];
    assert_eq!(fused.preprocess_ms.samples.len(), 7);
    assert!((fused.speedup_over_hf.unwrap().median - 10.0).abs() < 1e-9);
    assert!((fused.ratio["native"].median - 0.5).abs() < 1e-9);
    for run in [without, with] {
        let [flow] = run.batches[1].flows.as_slice() else { panic!("{:?}", run.batches[1].flows) };
        assert_eq!((flow.name.as_str(), flow.total_ms.samples.len()), ("hf-paths", 7));
    }
    assert_eq!(with.batches[1].processors[2].name, "loader-2");
    assert_eq!(with.batches[2].processors[0].failure.as_deref(), Some("out of memory"));
    assert_eq!(with.notes[..2], ["known before", "only of the second"]);
    assert!(with.notes[2].contains("7 rounds"), "{:?}", with.notes);
    // The forward belongs to the second run alone.
    assert!(without.batches[0].forwards.is_empty() && without.batches[0].processors[1].ratio.is_empty());
    assert!(!without.notes.contains(&"only of the second".to_owned()));
}

#[test]
fn nothing_measured_makes_no_result() {
    let warm = BatchSamples {
        batch_size: 8,
        processors: vec![ProcessorSamples::default(); 2],
        ..BatchSamples::default()
    };
    assert!(bench(vec![Entry::Samples(warm), Entry::ElapsedS(1.0)]).is_empty());
    assert!(
        results(contents(Measurement::Compare { decision: Box::new(decision()) }, Vec::new())).is_empty()
    );
}

fn decision() -> Decision {
    let name = RowName {
        subject: "fused (HWC)".into(),
        batch: "mixed, batch 8".into(),
        base_failure: None,
        candidate_failure: None,
        parity: None,
    };
    let lacking = RowName { candidate_failure: Some("raised ValueError".into()), ..name.clone() };
    Decision {
        schema_version: DECISION_VERSION,
        kind: DecisionKind::Compare,
        started_unix_s: 0,
        elapsed_s: 0.0,
        partial: false,
        verdict: Verdict::Inconclusive,
        exit_code: 0,
        base: "naive".into(),
        candidate: "fused".into(),
        rule: Rule::default(),
        allow_inconclusive: false,
        allow_environment: false,
        accepted: false,
        gaps: Vec::new(),
        differences: Vec::new(),
        rows: [name, lacking].iter().map(decision_rows::unmeasured).collect(),
        notes: Vec::new(),
        environment: Environment::default(),
    }
}

#[test]
fn a_comparison_is_judged_on_the_rounds_that_it_had() {
    let entries = (0..40).map(|index| {
        let wobble = 1.0 + f64::from(index % 5) / 1000.0;
        let times = Round { base: [10.0 * wobble, 10.0], candidate: [2.0, 2.0 * wobble], ..Round::default() };
        Entry::Round { row: 0, times }
    });
    let measurement = Measurement::Compare { decision: Box::new(decision()) };
    let recovered = results(contents(measurement, entries.collect()));
    let [(_, Saved::Decision(decision))] = recovered.as_slice() else { panic!("{recovered:?}") };
    assert!(decision.partial && decision.exit_code == 130);
    let [row, lacking] = decision.rows.as_slice() else { panic!("{:?}", decision.rows) };
    assert_eq!((row.verdict, row.rounds), (Verdict::Improved, 40));
    assert!(matches!(row.judgement, Some(Judgement { change, .. }) if (change.median + 0.8).abs() < 0.01));
    assert_eq!(lacking.reason.as_deref(), Some("raised ValueError"));
}
