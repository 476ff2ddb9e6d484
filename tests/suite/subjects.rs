//! Classes and programs beside patchmark's own processors in `bench` and `parity`.

use std::{collections::BTreeMap, fs, path::Path};

use patchmark_results::{Parity, ParityStatus, read_run};
use tempfile::tempdir;

use crate::{
    exec::naflex,
    support::{command, patchmark, refuses},
};

/// A class of a file of this repository.
fn class(file: &str, name: &str) -> String {
    format!("python:{}:{name}", Path::new(env!("CARGO_MANIFEST_DIR")).join(file).display())
}

#[test]
fn a_bench_charts_every_kind_of_subject_with_its_parity() {
    let folder = tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let right = class("examples/subjects/stacked.py", "Corrected");
    let wrong = class("tests/candidates/contract.py", "Int32Shapes");
    // Written for a release before 5.0, so that it raises.
    let failing = class("examples/subjects/stacked.py", "Stacked");
    let program = format!("exec:'{}'", naflex().display());
    let processors = format!("--processors=hf,fused,{right},{wrong},{failing},{program}");
    let asked =
        ["bench", "--model=random-tiny", "--batch-sizes=1,2", "--budget=1s", "--stages", "--pipelined"];
    let output = command(folder.path(), &asked)
        .args([processors.as_str(), "--forward=native", "--threads=1", "--out=run"])
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    let printed =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{printed}");
    // torch leaves a folder of its own.
    let names = fs::read_dir(&temporary).unwrap().flatten().map(|entry| entry.file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("patchmark")).collect();
    assert!(left.is_empty(), "{left:?}");

    let run = read_run(&folder.path().join("run")).unwrap();
    for batch in &run.batches {
        let rows: BTreeMap<_, _> = batch.processors.iter().map(|row| (row.name.as_str(), row)).collect();
        let rounds = batch.forwards[0].forward_ms.samples.len();
        for name in [&right, &program] {
            let row = rows[name.as_str()];
            assert_eq!((&row.parity, &row.failure), (&ParityStatus::Exact, &None), "{name}");
            assert_eq!(row.preprocess_ms.samples.len(), rounds, "{name}: every subject once per round");
            assert!(row.ratio["native"].median > 0.0 && row.images_per_s["native"].median > 0.0, "{name}");
            assert!(row.stages_ms.is_empty() && row.pipelined_images_per_s.is_empty(), "{name}");
        }
        assert_eq!(
            (rows[right.as_str()].feed.as_str(), rows[program.as_str()].feed.as_str()),
            ("PIL", "HWC")
        );
        let ParityStatus::Differs { detail, .. } = &rows[wrong.as_str()].parity else {
            panic!("{:?}", rows[wrong.as_str()].parity)
        };
        assert!(detail.contains("spatial_shapes is Int instead of Int64"), "{detail}");
        let failure = rows[failing.as_str()].failure.as_deref().unwrap_or_default();
        assert!(failure.contains("interpolation"), "{failure}");
    }
    for name in [&right, &program] {
        let of =
            |says: &str| run.notes.iter().any(|note| note.contains(name.as_str()) && note.contains(says));
        assert!(of("beside its own time") && of("ran in a worker process"), "{:?}", run.notes);
        assert!(of("its overlap with the forward is not measured"), "{:?}", run.notes);
    }
    let chart = fs::read_to_string(folder.path().join("run/ratio.svg")).unwrap();
    assert!(
        chart.contains("stacked.py:Corrected (PIL)<") && chart.contains("contract.py:Int32Shapes"),
        "{chart}"
    );
}

#[test]
fn parity_compares_subjects_over_the_corpus() {
    let folder = tempdir().unwrap();
    let right = class("examples/subjects/stacked.py", "Corrected");
    let wrong = class("tests/candidates/values.py", "WithoutAntialias");
    let processors = format!("--processors={right},{wrong},exec:'{}'", naflex().display());
    let output = patchmark(folder.path(), &["parity", &processors, "--limits=64,256", "--out=found"]);
    let printed =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{printed}");
    let found: Parity =
        serde_json::from_slice(&fs::read(folder.path().join("found/parity.json")).unwrap()).unwrap();
    assert_eq!((found.rows.len(), found.failures.len()), (6, 0), "{:?}", found.failures);
    for row in &found.rows {
        assert_eq!(row.images, found.images.len());
        assert_eq!(row.differing > 0, row.processor == wrong, "{}: {}", row.processor, row.detail);
    }
}

#[test]
fn subjects_that_cannot_be_measured_are_refused() {
    let folder = tempdir().unwrap();
    let absent = class("examples/subjects/stacked.py", "NoSuchClass");
    for (processors, named) in [
        ("hf,python:none.py:C", "none.py"),
        ("hf,exec:no-such-program", "no-such-program"),
        ("hf,exec:sh,exec: sh", "exec: sh is named twice"),
        ("hf,transformers==four", "four"),
        (absent.as_str(), "has no class NoSuchClass"),
    ] {
        let processors = format!("--processors={processors}");
        refuses(folder.path(), &["bench", &processors, "--model=random-tiny", "--out=run"], named);
        refuses(folder.path(), &["parity", &processors, "--out=found"], named);
    }
}
