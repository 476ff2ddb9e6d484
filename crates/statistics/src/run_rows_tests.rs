use patchmark_results::journal::ForwardSubject;

use super::*;

/// The row of a processor of 2 ms before a forward of 3 ms, with 5 ms for decoding, at 10 images.
fn row(serial_decodes: bool) -> ProcessorRow {
    let subject =
        ProcessorSubject { name: "fused".into(), feed: "HWC".into(), must_equal: true, is_reference: false };
    let forward = ForwardSubject { name: "native".into(), run: 0 };
    let subjects =
        Subjects { processors: vec![subject], forwards: vec![forward], tokenizes: false, flows: Vec::new() };
    let processor = ProcessorSamples { preprocess_ms: vec![2.0, 4.0], ..ProcessorSamples::default() };
    let forward = ForwardSamples { forward_ms: vec![3.0, 6.0], ..ForwardSamples::default() };
    let samples = BatchSamples {
        batch_size: 10,
        decode_ms: vec![5.0, 10.0],
        processors: vec![processor],
        forwards: vec![forward],
        ..BatchSamples::default()
    };
    let settings = RunSettings { serial_decodes, ..RunSettings::default() };
    batch(&subjects, &settings, &samples, 0).processors.remove(0)
}

#[test]
fn images_per_second_count_decoding_if_the_settings_say_so() {
    let rate = |row: ProcessorRow| row.images_per_s["native"];
    // 10 images in 5 and in 10 ms, or in 10 and in 20 ms.
    assert_eq!((rate(row(false)).low, rate(row(false)).high), (1000.0, 2000.0));
    assert_eq!((rate(row(true)).low, rate(row(true)).high), (500.0, 1000.0));
    // Decoding is never part of preprocess.
    assert!((row(true).ratio["native"].median - 2.0 / 3.0).abs() < 1e-9);
}
