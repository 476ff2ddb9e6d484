//! `bench --from-files`: whole flows from files to tensors.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use patchmark_results::{
    FlowRow, ParityStatus, Run,
    journal::{Entry, journals_of, read},
    read_run,
};
use patchmark_statistics::median;
use tempfile::tempdir;

use crate::support::{command, patchmark, refuses};

const BENCH: [&str; 9] = [
    "bench",
    "--from-files",
    "--model=random-tiny",
    "--tower=vision",
    "--forward=native",
    "--processors=fused",
    "--batch-sizes=2",
    "--budget=1s",
    "--out=run",
];

const NAMES: [&str; 4] = ["hf-paths", "pillow+hf", "pillow+fused", "native+fused"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&BENCH[..], more].concat()
}

/// A folder of two small photographs.
fn photographs(folder: &Path) -> PathBuf {
    let images = folder.join("images");
    fs::create_dir(&images).unwrap();
    fs::write(images.join("a.jpg"), include_bytes!("../../fixtures/photos/rocket.jpg")).unwrap();
    fs::write(images.join("b.png"), include_bytes!("../../fixtures/photos/chelsea.png")).unwrap();
    images
}

/// Runs a Python script, which is given `argument`.
fn python(script: &str, argument: &Path) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let output = Command::new(python).arg("-c").arg(script).arg(argument).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn flow<'a>(run: &'a Run, name: &str, threads: usize) -> &'a FlowRow {
    let mut flows = run.batches[0].flows.iter();
    flows.find(|row| row.name == name && row.threads == threads).expect("every flow has a row")
}

#[test]
fn every_flow_is_timed_in_every_round_and_compared() {
    let folder = tempdir().unwrap();
    photographs(folder.path());
    let output =
        patchmark(folder.path(), &with(&["--images=images", "--threads=2", "--pipelined", "--decode"]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run = read_run(&folder.path().join("run")).unwrap();
    let batch = &run.batches[0];
    let rounds = batch.forwards[0].forward_ms.samples.len();
    let found: Vec<_> = batch.flows.iter().map(|row| (row.name.as_str(), row.threads)).collect();
    assert_eq!(found, [1, 2].map(|threads| NAMES.map(|name| (name, threads))).concat());
    for row in &batch.flows {
        assert_eq!(row.failure, None, "{}", row.label());
        assert_eq!(row.total_ms.samples.len(), rounds, "{}: every flow once per round", row.label());
        let expected = if row.name == "hf-paths" { ParityStatus::Reference } else { ParityStatus::Exact };
        assert_eq!(row.parity, expected, "{}", row.label());
        assert_eq!(row.must_equal, row.name != "hf-paths", "{}: the pixels are equal", row.label());
        let share = row.decoding_share.expect("a share").median;
        assert!(share > 0.0 && share < 1.0, "{}: {share}", row.label());
        let rate = row.images_per_s.expect("a rate").median;
        let of_times: Vec<f64> = row.total_ms.samples.iter().map(|ms| 2e3 / ms).collect();
        assert!((rate - median(&of_times)).abs() < 1e-6 * rate);
        let base = flow(&run, "hf-paths", row.threads).total_ms.samples.iter();
        let over: Vec<f64> = base.zip(&row.total_ms.samples).map(|(base, own)| base / own).collect();
        assert!((row.speedup_over_hf_paths.unwrap().median - median(&over)).abs() < 1e-9);
        assert_eq!(row.speedup_over_one_thread.is_some(), row.threads == 2);
    }
    // Images per second begin with the files too.
    let row = &batch.processors[0];
    let times = batch.decode_ms.samples.iter().zip(&row.preprocess_ms.samples);
    let times = times.zip(&batch.forwards[0].forward_ms.samples);
    let rates: Vec<f64> = times.map(|((decode, own), forward)| 2e3 / (decode + own + forward)).collect();
    assert_eq!(rates.len(), rounds);
    assert!((row.images_per_s["native"].median - median(&rates)).abs() < 1e-9);

    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("Batch 2 from files") && table.contains("page cache"), "{table}");
    assert!(table.contains("images/s from files, serial → pipelined"), "{table}");
    let folder = folder.path().join("run");
    assert!(["flows.svg", "flows.png", "flows.csv"].iter().all(|file| folder.join(file).exists()));
    let summary = fs::read_to_string(folder.join("summary.md")).unwrap();
    assert!(summary.contains("| native+fused | 2 |") && summary.contains("`flows.svg`"), "{summary}");
    let page = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains("Flows from files") && page.contains("decode, preprocess and forward"));
}

/// A JPEG whose EXIF data turns it, and a GIF with a transparent corner, of which Pillow has other pixels than torchvision.
const DIFFERENT: &str = r#"
import sys, PIL.Image as I
folder = sys.argv[1]
exif = I.Exif()
exif[0x0112] = 6
noise = I.effect_noise((64, 48), 90).convert("RGB")
noise.save(folder + "/turned.jpg", exif=exif)
flat = I.new("P", (40, 30), 1)
flat.putpalette([255, 0, 0, 0, 0, 255])
flat.paste(0, (0, 0, 20, 15))
flat.save(folder + "/transparent.gif", transparency=0, background=1)
"#;

#[test]
fn flows_with_other_pixels_are_said_to_differ_and_fail_nothing() {
    let folder = tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    python(DIFFERENT, &images);
    let differs = |row: &FlowRow| matches!(row.parity, ParityStatus::Differs { .. });
    let bench = || {
        let output = patchmark(folder.path(), &with(&["--images=images", "--threads=1"]));
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        read_run(&folder.path().join("run")).unwrap()
    };
    let run = bench();
    for (name, expected) in [("pillow+hf", true), ("pillow+fused", true), ("native+fused", false)] {
        let row = flow(&run, name, 1);
        assert_eq!((differs(row), row.must_equal), (expected, !expected), "{name}: {:?}", row.parity);
    }
    // `load_image` turns the JPEG; what most people write does not.
    fs::remove_file(images.join("transparent.gif")).unwrap();
    let run = bench();
    assert!(differs(flow(&run, "pillow+hf", 1)) && !differs(flow(&run, "pillow+fused", 1)));
    assert_eq!(run.batches[0].flows.len(), 4, "one thread is all there is");
}

#[test]
fn a_flow_that_fails_ends_its_own_row_with_the_reason() {
    let folder = tempdir().unwrap();
    let images = photographs(folder.path());
    // torchvision does not read BMP files.
    python("import sys, PIL.Image as I; I.new('RGB', (40, 30)).save(sys.argv[1] + '/0.bmp')", &images);
    let output = patchmark(folder.path(), &with(&["--images=images", "--threads=1"]));
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    let run = read_run(&folder.path().join("run")).unwrap();
    let reference = flow(&run, "hf-paths", 1);
    assert!(reference.failure.as_ref().is_some_and(|reason| !reason.is_empty()));
    assert!(reference.total_ms.samples.is_empty());
    for name in &NAMES[1..] {
        let row = flow(&run, name, 1);
        assert_eq!((&row.failure, &row.parity), (&None, &ParityStatus::NotVerified), "{name}");
        assert!(row.total_ms.samples.len() >= 3 && row.speedup_over_hf_paths.is_none(), "{name}");
    }
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("failed:") && table.contains("hf-paths (from files)"), "{table}");
}

#[test]
fn the_built_in_photographs_are_read_from_a_folder_that_is_removed() {
    let folder = tempdir().unwrap();
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = command(folder.path(), &with(&["--threads=1"])).env("TMPDIR", &temporary).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run = read_run(&folder.path().join("run")).unwrap();
    assert!(run.batches[0].flows.iter().all(|row| row.failure.is_none() && row.total_ms.estimate.is_some()));
    assert!(run.settings.workload.starts_with("11 photographs, mixed sizes"), "{}", run.settings.workload);
    // Torch may leave a folder of its own.
    let left = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("patchmark")).collect();
    assert!(left.is_empty(), "the photographs were left behind: {left:?}");
}

#[test]
fn what_a_killed_bench_measured_of_flows_is_recovered() {
    let folder = tempdir().unwrap();
    photographs(folder.path());
    let arguments: Vec<&str> = with(&["--images=images", "--threads=2"])
        .into_iter()
        .filter(|word| !word.starts_with("--budget"))
        .collect();
    let mut child = command(folder.path(), &[&arguments[..], &["--budget=600s"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = folder.path().join("run");
    let deadline = Instant::now() + Duration::from_secs(120);
    let count = |name: &Path| -> usize {
        let entries = read(name).map(|contents| contents.entries).unwrap_or_default();
        let samples = entries.iter().filter_map(|entry| match entry {
            Entry::Samples(samples) => Some(&samples.flows),
            _ => None,
        });
        samples.flatten().map(|flow| flow.total_ms.len()).sum()
    };
    while journals_of(&out).first().is_none_or(|journal| count(journal) < 12) {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("nothing was measured");
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let journal = journals_of(&out).remove(0);
    let samples = count(&journal);
    let output = patchmark(folder.path(), &["report", "--recover", journal.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run = read_run(&out).unwrap();
    let flows = &run.batches[0].flows;
    assert!(run.partial && flows.len() == 8);
    assert_eq!(flows.iter().map(|row| row.total_ms.samples.len()).sum::<usize>(), samples);
    assert!(flows.iter().any(|row| row.parity == ParityStatus::Exact), "{flows:?}");
}

#[test]
fn files_have_sizes_of_their_own_and_a_plan_tells_of_them() {
    let folder = tempdir().unwrap();
    refuses(folder.path(), &with(&["--sizes=64x48"]), "--from-files with --sizes 64x48");
    let plan = |more: &[&str]| {
        let output = patchmark(folder.path(), &[&["bench", "--plan", "--threads=2"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(plan(&["--from-files"]).contains("flows from files on 1 and on 2 threads"));
    assert!(!plan(&[]).contains("from files"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a plan writes nothing");
}
