//! Saved results and policies.

use std::{collections::BTreeMap, fs, path::Path};

use patchmark_results::{
    Document, ParityStatus, Round, Run, SkippedFile, Verdict,
    decision::Finding,
    fixtures,
    journal::{
        BatchSamples, Entry, FlowSamples, FlowSubject, ForwardSamples, ForwardSubject, Header,
        JOURNAL_VERSION, Measurement, ProcessorSamples, ProcessorSubject, Subjects,
    },
    shards::{
        FinishedShard, INDEX_VERSION, Index, IndexedImage, RowTensor, Shard, ShardSettings, SourceFile,
    },
};
use serde_json::{Value, json};

use crate::save;

/// Committed results cut short, samples of every kind, and documents of older versions.
pub fn documents() {
    let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports");
    for (target, name, place) in [
        ("run", "two-threads.json", "two-threads/run.json"),
        ("run", "one-thread.json", "one-thread/640x480/run.json"),
        ("run", "pipelined.json", "h100/pipelined/run.json"),
        ("run", "full-tower.json", "h100/trace/run.json"),
        ("decision", "compare.json", "compare/compare.json"),
        ("parity", "cpu.json", "parity/parity.json"),
        ("releases", "all.json", "releases/releases.json"),
    ] {
        let text = fs::read(reports.join(place)).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        shorten(&mut document);
        save(target, name, document.to_string().as_bytes());
    }
    let run = fixtures::run::run(&["hf", "fused"], &[1, 8]);
    let broken = fixtures::run::run(&[], &[]);
    for target in ["run", "gate", "history"] {
        save(target, "fixture.json", &compact(&run));
        save(target, "nothing.json", &compact(&broken));
    }
    save("run", "flows.json", &compact(&fixtures::run::with_flows(run.clone())));
    let mut older: Value = serde_json::from_slice(&run.json().unwrap()).unwrap();
    older["schema_version"] = json!(1);
    save("run", "version-1.json", older.to_string().as_bytes());
    let rows = vec![
        fixtures::decision::row("fused", Verdict::Regressed, None),
        fixtures::decision::row("hf", Verdict::Inconclusive, Some(Finding::Missing)),
    ];
    save("decision", "fixture.json", &compact(&fixtures::decision::decision(rows)));
    let mut parity = fixtures::parity::parity(3);
    let mut row = fixtures::parity::row("batched", 256, true, &[(0, Some(1.0)), (2, None)]);
    row.heat = fixtures::parity::heat(0, 2, &[Some(1.0), None, Some(0.0), Some(3.0)]);
    parity.rows = vec![row, fixtures::parity::row("hf-pil", 64, false, &[])];
    save("parity", "fixture.json", &compact(&parity));
    let validation = fixtures::validation::validation("a | b");
    save("validation", "fixture.json", &compact(&validation));
    let mut older: Value = serde_json::from_slice(&validation.json().unwrap()).unwrap();
    older["schema_version"] = json!(2);
    for (name, old) in [
        ("reference", "against"),
        ("reference_class", "against_class"),
        ("reference_versions", "against_versions"),
    ] {
        older[old] = older[name].take();
    }
    save("validation", "version-2.json", older.to_string().as_bytes());
    save("releases", "fixture.json", &compact(&fixtures::releases::releases()));
    journals();
    shards();
    save("policy", "example.toml", include_bytes!("../../../examples/ci/patchmark.toml"));
    let all = "min_effect = \"5%\"\ninconclusive = \"pass\"\n[[rows]]\nprocessors = [\"fused\"]\nbatch_sizes = [1]\n\
        devices = [\"cpu\"]\nfigures = [\"time\", \"ratio\", \"speedup\"]\ncounts = true\nparity = \"differs\"\n\
        max_ratio = 2.0\nmin_effect = \"10%\"\n";
    save("policy", "all.toml", all.as_bytes());
}

/// What a bench and a comparison leave behind if they are killed.
fn journals() {
    let run = Run { batches: Vec::new(), ..fixtures::run::run(&[], &[]) };
    let processor = |name: &str, is_reference| ProcessorSubject {
        name: name.into(),
        feed: "PIL".into(),
        must_equal: true,
        is_reference,
    };
    let subjects = Subjects {
        processors: vec![processor("hf", true), processor("fused", false)],
        forwards: vec![ForwardSubject { name: "native".into(), run: 0 }],
        tokenizes: true,
        flows: vec![FlowSubject { name: "native+fused".into(), threads: 2 }],
    };
    let bench = Measurement::Bench { runs: vec![("mixed".into(), run)], subjects };
    let own = ProcessorSamples {
        preprocess_ms: vec![1.5],
        stages_ms: [("resize".to_owned(), vec![0.5])].into(),
        pipelined_images_per_s: vec![vec![30.0]],
        parity: Some(ParityStatus::Exact),
        ..ProcessorSamples::default()
    };
    let samples = BatchSamples {
        batch_size: 8,
        decode_ms: vec![2.0],
        processors: vec![own.clone(), own],
        forwards: vec![ForwardSamples { forward_ms: vec![20.0], ..ForwardSamples::default() }],
        flows: vec![FlowSamples {
            total_ms: vec![5.0],
            decoding_ms: vec![(4.0, 5.0)],
            must_equal: Some(true),
            ..FlowSamples::default()
        }],
        ..BatchSamples::default()
    };
    let row = Box::new(fixtures::run::row("loader-2", 8, 3.0, 20.0));
    let entries = [
        Entry::Samples(samples.clone()),
        Entry::Samples(samples),
        Entry::Row { run: 0, batch_size: 8, row },
        Entry::ElapsedS(1.5),
        Entry::Note(None, "a note".into()),
    ];
    save("journal", "bench.jsonl", &lines(bench, &entries));
    let decision =
        fixtures::decision::decision(vec![fixtures::decision::row("fused", Verdict::Inconclusive, None)]);
    let compare = Measurement::Compare { decision: Box::new(decision) };
    let round = Round { base: [1.0, 1.5], candidate: [2.0, 2.5], ..Round::default() };
    let entries = [Entry::Round { row: 0, times: round }, Entry::ElapsedS(1.5)];
    save("journal", "compare.jsonl", &lines(compare, &entries));
}

/// An output folder of `process`, unfinished and finished.
fn shards() {
    let settings = ShardSettings {
        index_version: INDEX_VERSION,
        patchmark: "0.1.0".into(),
        processor: "fused".into(),
        device: "cpu".into(),
        decoder: "reference".into(),
        parameters: [("patch_size".to_owned(), 16.into())].into(),
        images_per_shard: 1,
    };
    let shard = Shard { file: "inputs-00001.safetensors".into(), images: 1, bytes: 80, crc32: 7 };
    let tensors: BTreeMap<_, _> =
        [("pixel_values".to_owned(), RowTensor { dtype: "F32".into(), shape: vec![256, 768] })].into();
    let image = IndexedImage {
        file: "a.jpg".into(),
        bytes: 9,
        width: Some(4),
        height: None,
        spatial_shape: [3, 5],
        shard: 0,
        row: 0,
    };
    let skipped = SkippedFile { file: "b.jpg".into(), reason: "b.jpg is empty".into() };
    let line = FinishedShard {
        number: 0,
        shard: shard.clone(),
        tensors: tensors.clone(),
        first_file: 0,
        sources: vec![SourceFile { file: "a.jpg".into(), bytes: 9, modified_unix_ns: Some(1) }],
        images: vec![image.clone()],
        skipped_files: vec![skipped.clone()],
    };
    let journal = [serde_json::to_string(&settings).unwrap(), serde_json::to_string(&line).unwrap()];
    save("shards", "progress.jsonl", (journal.join("\n") + "\n").as_bytes());
    let index =
        Index { settings, tensors, shards: vec![shard], skipped_files: vec![skipped], images: vec![image] };
    save("shards", "index.json", serde_json::to_string(&index).unwrap().as_bytes());
}

fn lines(measurement: Measurement, entries: &[Entry]) -> Vec<u8> {
    let header = serde_json::to_string(&Header { journal_version: JOURNAL_VERSION, measurement }).unwrap();
    let entries = entries.iter().map(|entry| serde_json::to_string(entry).unwrap());
    [header].into_iter().chain(entries).map(|line| line + "\n").collect::<String>().into_bytes()
}

fn compact(document: &impl Document) -> Vec<u8> {
    let value: Value = serde_json::from_slice(&document.json().unwrap()).unwrap();
    value.to_string().into_bytes()
}

/// Keeps the first two elements of every array.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(2);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}
