//! Folders of results on a disk.

use std::fs;

use anyhow::{Context, Result};
use patchmark_results::{InputError, Kind, fixtures::run as fixtures, read_run};

use super::*;

fn is_input(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<InputError>())
}

#[test]
fn a_run_survives_the_disk_and_is_replaced_whole() -> Result<()> {
    let root = tempfile::tempdir()?;
    let dir = root.path().join("nested/run");
    let mut run = fixtures::run(&["hf", "fused"], &[1, 8]);
    check_writable(&dir, Kind::Run)?;
    write(&dir, &run)?;
    assert_eq!(read_run(&dir)?, run);
    fs::write(dir.join("mine.txt"), "kept")?;
    run.partial = true;
    run.batches[0].processors[1].ratio.insert("native".into(), fixtures::estimate(f64::NAN));
    write(&dir, &run)?;
    let read = read_run(&dir.join("run.json"))?;
    assert!(read.partial && read.batches[0].processors[1].ratio.is_empty());
    assert_eq!(fs::read_to_string(dir.join("mine.txt"))?, "kept");
    let mut names: Vec<_> =
        fs::read_dir(&dir)?.map(|e| e.map(|e| e.file_name())).collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names.len(), 16, "{names:?}");
    assert_eq!(fs::read_dir(root.path().join("nested"))?.count(), 1, "temporary folders are left");
    Ok(())
}

#[test]
fn a_foreign_folder_is_refused_and_left_alone() -> Result<()> {
    let root = tempfile::tempdir()?;
    fs::write(root.path().join("thesis.tex"), "x")?;
    for result in [
        check_writable(root.path(), Kind::Run),
        write(root.path(), &fixtures::run(&["hf"], &[1])),
        check_writable(&root.path().join("thesis.tex"), Kind::Run),
    ] {
        let error = result.err().context("it was accepted")?;
        assert!(is_input(&error), "{error:?}");
    }
    assert_eq!(fs::read_dir(root.path())?.count(), 1);
    Ok(())
}

#[test]
fn documents_come_first_and_never_beside_an_older_results_pictures() -> Result<()> {
    let root = tempfile::tempdir()?;
    let dir = root.path().join("run");
    write(&dir, &fixtures::run(&["hf", "fused"], &[1, 8]))?;
    for mine in ["ratio.txt", "notes.svg"] {
        fs::write(dir.join(mine), "kept")?;
    }
    fs::write(dir.join("ratio-dark.svg"), "of the older result")?;
    let run = fixtures::run(&["hf"], &[1]);
    write_documents(&dir, &run)?;
    let mut names: Vec<_> =
        fs::read_dir(&dir)?.map(|e| e.map(|e| e.file_name())).collect::<Result<_, _>>()?;
    names.sort();
    assert_eq!(names, ["notes.svg", "ratio.txt", "run.json", "summary.md"]);
    draw(&dir, &run)?;
    assert!(dir.join("ratio.svg").exists() && dir.join("report.html").exists());
    Ok(())
}

#[test]
fn the_names_of_pictures_are_those_that_are_drawn() -> Result<()> {
    use patchmark_results::fixtures::{decision, parity::parity, releases::releases};
    let results: [&dyn View; 4] = [
        &fixtures::with_flows(fixtures::run(&["hf", "fused"], &[1])),
        &decision::decision(Vec::new()),
        &parity(3),
        &releases(),
    ];
    for result in results {
        let names: Vec<&str> = result.charts()?.iter().map(charts::Chart::name).collect();
        assert_eq!(names, charts::of_kind(result.kind()), "{:?}", result.kind());
    }
    Ok(())
}
