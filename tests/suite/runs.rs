//! Whole commands that succeed: what they write and what they print.

use std::{fs, path::Path};

use patchmark::parity::bits::equal;
use patchmark_results::{Parity, ParityStatus, read_run};
use tch::{Kind, Tensor};
use tempfile::tempdir;

use crate::support::patchmark;

const BENCH: [&str; 9] = [
    "bench",
    "--model=random-tiny",
    "--batch-sizes=1,3",
    "--budget=1s",
    "--processors=hf,batched",
    "--forward=native,hf",
    "--tower=full",
    "--stages",
    "--out=run",
];

#[test]
fn a_bench_writes_a_whole_run_that_report_redraws() {
    let folder = tempdir().unwrap();
    let output = patchmark(folder.path(), &BENCH);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    assert!(table.contains("exact"), "{table}");

    let folder = folder.path().join("run");
    let run = read_run(&folder).unwrap();
    assert!(!run.partial && run.settings.random_weights);
    assert_eq!(run.batches.iter().map(|batch| batch.batch_size).collect::<Vec<_>>(), [1, 3]);
    for batch in &run.batches {
        let rounds = batch.forwards[0].forward_ms.samples.len();
        assert!(rounds >= 3);
        for row in &batch.processors {
            assert_eq!(row.preprocess_ms.samples.len(), rounds, "every subject once per round");
            assert!(row.ratio["native"].low <= row.ratio["native"].median);
            assert!(row.stages_ms["resize"] > 0.0);
        }
    }
    let drawn: Vec<_> = ["summary.md", "ratio.svg", "ratio.png", "throughput.svg", "stages.svg"]
        .into_iter()
        .map(|name| folder.join(name))
        .collect();
    assert!(drawn.iter().all(|file| fs::metadata(file).is_ok_and(|file| file.len() > 0)));

    let before = fs::read(folder.join("run.json")).unwrap();
    fs::remove_file(&drawn[1]).unwrap();
    let output = patchmark(&folder, &["report", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(drawn[1].exists());
    assert_eq!(fs::read(folder.join("run.json")).unwrap(), before);
}

#[test]
fn several_settings_make_one_run_each_from_one_measurement() {
    let folder = tempdir().unwrap();
    let options = [
        "bench",
        "--model=random-tiny",
        "--batch-sizes=2",
        "--budget=1s",
        "--processors=hf,batched",
        "--forward=native",
        "--sizes=64x48,mixed",
        "--dtype=f32,bf16",
        "--tower=vision,full",
        "--out=runs",
    ];
    let names = [
        "64x48-f32-vision",
        "64x48-f32-full",
        "64x48-bf16-vision",
        "64x48-bf16-full",
        "mixed-f32-vision",
        "mixed-f32-full",
        "mixed-bf16-vision",
        "mixed-bf16-full",
    ];
    // The plan lists the same runs and does nothing, even for a GPU that this machine does not have.
    let plan = [&options[..], &["--plan", "--device=cuda:0"]].concat();
    let output = patchmark(folder.path(), &plan);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(names.iter().all(|name| told.contains(&format!("runs/{name}\n"))), "{told}");
    assert!(told.contains("About "), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a plan writes nothing");

    let output = patchmark(folder.path(), &options);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| read_run(&folder.path().join("runs").join(name)).unwrap();
    let runs = names.map(read);
    for (name, run) in names.iter().zip(&runs) {
        let settings = format!("{}-{}", run.settings.dtype, run.settings.tower);
        assert!(name.ends_with(&settings), "{name} holds {settings}");
    }
    for runs in runs.chunks(4) {
        let times = |which: usize| &runs[which].batches[0].processors[1].preprocess_ms.samples;
        assert!((1..4).all(|which| times(which) == times(0)), "processors are timed once for all settings");
        let forward = |which: usize| &runs[which].batches[0].forwards[0].forward_ms.samples;
        assert!((1..4).all(|which| forward(which) != forward(0) && forward(which).len() == times(0).len()));
    }
    let hf = |which: usize| &runs[which].batches[0].processors[0].preprocess_ms.samples;
    assert_ne!(hf(0), hf(4), "other images are timed separately");
}

/// The three tensors of a safetensors file, by name.
fn tensors(file: &Path) -> std::collections::BTreeMap<String, Tensor> {
    Tensor::read_safetensors(file).unwrap().into_iter().collect()
}

#[test]
fn process_writes_the_contract_in_name_order() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    let wide = include_bytes!("../../fixtures/photos/rocket.jpg");
    let tall = include_bytes!("../../fixtures/photos/rocket_portrait.png");
    fs::write(images.join("b.png"), tall).unwrap();
    fs::write(images.join("a.jpg"), wide).unwrap();
    for processor in ["hf", "naive", "threaded", "batched"] {
        let file = format!("{processor}.safetensors");
        let output = patchmark(
            folder.path(),
            &["process", "--processor", processor, "--images=images", "--max-num-patches=64", "--out", &file],
        );
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let expected = tensors(&folder.path().join("hf.safetensors"));
    assert_eq!(expected["pixel_values"].size(), [2, 64, 768]);
    assert_eq!(expected["pixel_attention_mask"].kind(), Kind::Int);
    let shapes = Vec::<i64>::try_from(expected["spatial_shapes"].flatten(0, 1)).unwrap();
    assert!(shapes[0] < shapes[1] && shapes[2] > shapes[3], "a wide image, then a tall one: {shapes:?}");
    for processor in ["naive", "threaded", "batched"] {
        let actual = tensors(&folder.path().join(format!("{processor}.safetensors")));
        for (name, tensor) in &expected {
            assert!(equal(tensor, &actual[name]).unwrap(), "{processor}: {name}");
        }
    }
}

#[test]
fn doctor_finds_one_libtorch() {
    let folder = tempdir().unwrap();
    let output = patchmark(folder.path(), &["doctor"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 5)), "{report}");
    for line in ["vector level", "transformers", "one, shared by process and Python"] {
        assert!(report.contains(line), "{report}");
    }
}

#[test]
fn overlap_and_torchs_loader_are_rows_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "bench",
        "--model",
        "random-tiny",
        "--tower",
        "vision",
        "--forward",
        "native,hf",
        "--processors",
        "hf,fused",
        "--sizes",
        "96x64",
        "--batch-sizes",
        "2",
        "--threads",
        "1",
        "--budget",
        "1s",
        "--stages",
        "--pipelined",
        "--dataloader",
        "--out",
        "run",
    ];
    let output = crate::support::patchmark(folder.path(), &arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{message}");
    let run = read_run(&folder.path().join("run")).unwrap();
    let rows = &run.batches[0].processors;
    for row in rows {
        for forward in ["native", "hf"] {
            let rate = row.pipelined_images_per_s.get(forward).expect("every row runs with every forward");
            assert!(rate.median > 0.0, "{}", row.name);
        }
    }
    let loaders: Vec<_> = rows.iter().filter(|row| row.name.starts_with("loader-")).collect();
    assert!(loaders.len() >= 2 && loaders[0].name == "loader-0");
    for row in loaders {
        assert_eq!(row.failure, None, "{}", row.name);
        assert_eq!(row.parity, ParityStatus::Exact, "{}", row.name);
    }
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("share of the native forward alone"), "{table}");
    assert!(
        run.notes.iter().any(|note| note.contains("position embeddings image by image")),
        "{:?}",
        run.notes
    );
}

#[test]
fn a_comparison_tells_each_image_that_differs_and_the_patches_of_the_worst() {
    let folder = tempdir().unwrap();
    let arguments =
        ["parity", "--processors=naive,hf-pil", "--limits=16,64", "--only-images", "--seed=3", "--out=run"];
    let output = patchmark(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(folder.path().join("run/parity.json")).unwrap();
    let run: Parity = serde_json::from_str(&text).unwrap();
    assert!(!run.partial && run.seed == 3 && run.environment.command.contains("--only-images"));
    assert!(run.images.len() >= 10 && run.images.iter().all(|image| image.width > 100));
    let row = |name, limit| {
        run.rows.iter().find(|row| row.processor == name && row.max_num_patches == limit).unwrap()
    };
    for limit in [16, 64] {
        let (naive, pillow) = (row("naive", limit), row("hf-pil", limit));
        assert!(naive.must_equal && naive.by_image.is_empty() && naive.heat.is_none());
        assert_eq!((naive.differing, naive.worst), (0, Some(0.0)));
        // Pillow's arithmetic differs somewhere in every photograph.
        assert!(!pillow.must_equal);
        assert!(pillow.by_image.iter().map(|found| found.image).eq(0..run.images.len()));
        assert_eq!(pillow.by_image.iter().map(|found| found.differing).sum::<u64>(), pillow.differing);
        let worst = pillow.by_image.iter().map(|found| found.worst.unwrap()).fold(0.0, f64::max);
        assert_eq!(pillow.worst, Some(worst));
        let heat = pillow.heat.as_ref().unwrap();
        assert_eq!(heat.rows * heat.columns, heat.worst.len());
        assert!(heat.worst.len() <= limit && heat.most() == worst);
        assert_eq!(pillow.by_image[heat.image].worst, Some(worst));
    }
}
