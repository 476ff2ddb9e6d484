use super::*;

fn subjects() -> Subjects {
    let flow = |name: &str, threads| FlowSubject { name: name.into(), threads };
    Subjects {
        processors: Vec::new(),
        forwards: Vec::new(),
        tokenizes: false,
        flows: vec![
            flow(REFERENCE_FLOW, 1),
            flow("native+fused", 1),
            flow(REFERENCE_FLOW, 2),
            flow("native+fused", 2),
        ],
    }
}

/// Seven rounds on a machine that becomes slower from round to round, so that only pairs within a round agree.
fn samples() -> BatchSamples {
    let flow = |ms: f64| FlowSamples {
        total_ms: (1..=7).map(|round| ms * f64::from(round)).collect(),
        decoding_ms: (1..=7).map(|round| (0.25 * f64::from(round), f64::from(round))).collect(),
        parity: Some(ParityStatus::Exact),
        must_equal: Some(true),
        failure: None,
    };
    BatchSamples {
        batch_size: 8,
        flows: [60.0, 20.0, 50.0, 10.0].map(flow).to_vec(),
        ..BatchSamples::default()
    }
}

fn factor(estimate: Option<Estimate>) -> f64 {
    let found = estimate.expect("it was measured");
    assert!(found.low == found.median && found.median == found.high, "pairs have no noise: {found:?}");
    found.median
}

#[test]
fn a_flow_is_compared_within_rounds_on_as_many_threads() {
    let rows = rows(&subjects(), &samples());
    let factors = |find: fn(&FlowRow) -> Option<Estimate>| rows.iter().map(find).collect::<Vec<_>>();
    let over_hf: Vec<f64> = factors(|row| row.speedup_over_hf_paths).into_iter().map(factor).collect();
    assert_eq!(over_hf, [1.0, 3.0, 1.0, 5.0]);
    let over_one = factors(|row| row.speedup_over_one_thread);
    assert_eq!(over_one[..2], [None, None]);
    assert_eq!([factor(over_one[2]), factor(over_one[3])], [1.2, 2.0]);
}

#[test]
fn a_row_has_the_rate_the_share_of_decoding_and_what_was_compared() {
    let row = &rows(&subjects(), &samples())[3];
    // Round 4 of 7 is in the middle: 8 images in 40 ms.
    assert_eq!(row.images_per_s.expect("a rate").median, 200.0);
    assert_eq!((row.total_ms.samples.len(), row.total_ms.estimate.expect("a time").median), (7, 40.0));
    assert_eq!(factor(row.decoding_share), 0.25);
    assert_eq!(
        (row.label().as_str(), row.must_equal, &row.parity),
        ("native+fused, 2 threads", true, &ParityStatus::Exact)
    );
}

#[test]
fn without_the_reference_flow_there_are_times_and_no_speed_up() {
    let mut samples = samples();
    samples.flows[0].failure = Some("it refuses a file".into());
    let rows = rows(&subjects(), &samples);
    assert_eq!(rows[0].failure.as_deref(), Some("it refuses a file"));
    assert_eq!(rows[1].speedup_over_hf_paths, None);
    assert!(rows[1].images_per_s.is_some() && rows[3].speedup_over_hf_paths.is_some());
    samples.flows[3].failure = Some("gone".into());
    assert_eq!(speedups(&subjects(), &samples).collect::<Vec<_>>(), [None]);
}

#[test]
fn a_batch_size_that_did_not_start_has_rows_with_the_reason() {
    let failed =
        BatchSamples { batch_size: 8, failure: Some("out of memory".into()), ..BatchSamples::default() };
    let rows = rows(&subjects(), &failed);
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.failure.as_deref() == Some("out of memory")));
    assert!(rows.iter().all(|row| row.parity == ParityStatus::NotVerified && row.images_per_s.is_none()));
}
