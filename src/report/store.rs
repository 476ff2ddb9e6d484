//! A run's folder: written whole or not at all, and read back with errors a person can act on.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::document::RUN;
use super::folder::{Folder, Staging};
use super::schema::{Estimate, Run, Samples};
use super::{export::Selection, saved::Saved};
use crate::input_error;

/// Writes a result's document, `summary.md`, `report.html` and every chart (SVG, PNG, CSV of its points) as the
/// folder `dir`.
///
/// Everything is written to a temporary sibling that is renamed into place, so `dir` is complete
/// or not there. An older result's folder is replaced only once the new one is complete, and files in
/// it that are not a result's own are kept. A folder that holds no such result, unless empty, is refused.
///
/// # Errors
/// An input error for a folder that cannot be written or holds something else.
pub fn write(dir: &Path, saved: &dyn Saved) -> Result<()> {
    let staging = Folder::find(dir, saved.file())?.staging()?;
    save(&staging, saved)?;
    staging.replace()
}

/// Writes all files of a result to a folder that is not yet in its place.
///
/// # Errors
/// If drawing fails, or the disk does not take a file.
pub fn save(staging: &Staging, saved: &dyn Saved) -> Result<()> {
    staging.save(saved.file(), &saved.json()?)?;
    staging.save("summary.md", saved.summary().as_bytes())?;
    for (name, bytes) in Selection::default().files(saved)? {
        staging.save(&name, &bytes)?;
    }
    Ok(())
}

/// Writes a run; see [`write()`].
///
/// # Errors
/// As for [`write()`].
pub fn write_run(dir: &Path, run: &Run) -> Result<()> {
    write(dir, run)
}

/// Draws only what is selected of a result into the folder `dir`, whose other files are kept.
///
/// # Errors
/// As for [`write()`].
pub fn redraw(dir: &Path, saved: &dyn Saved, selection: &Selection) -> Result<()> {
    let staging = Folder::find(dir, saved.file())?.staging()?;
    // The file that makes the folder a result's.
    staging.save(saved.file(), &saved.json()?)?;
    for (name, bytes) in selection.files(saved)? {
        staging.save(&name, &bytes)?;
    }
    staging.replace()
}

/// Checks, before anything is measured, that [`write_run`] will be able to write `dir`.
pub fn check_writable(dir: &Path) -> Result<()> {
    Folder::find(dir, RUN.file)?.probe()
}

/// Checks that [`write_baseline`] will be able to write `path`.
pub fn check_baseline(path: &Path) -> Result<()> {
    if !is_file(path) {
        return check_writable(path);
    }
    temporary(path).map(drop)
}

/// Writes a run where a baseline is kept: a run's folder, or its `run.json` alone where `path` is a
/// file or is named like one. The older baseline is whole until the new one is.
pub fn write_baseline(path: &Path, run: &Run) -> Result<()> {
    if !is_file(path) {
        return write_run(path, run);
    }
    let mut file = temporary(path)?;
    serde_json::to_writer_pretty(&mut file, &finite(run)).context("encoding the baseline")?;
    file.write_all(b"\n").and_then(|()| file.as_file().sync_all()).context("writing the baseline")?;
    file.persist(path).with_context(|| format!("moving the new baseline to {}", path.display()))?;
    Ok(())
}

fn is_file(path: &Path) -> bool {
    path.is_file() || (!path.exists() && path.extension().is_some_and(|extension| extension == "json"))
}

/// A temporary file beside `path`, readable as any other.
fn temporary(path: &Path) -> Result<NamedTempFile> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = |error| input_error!("cannot write {}: {error}", path.display());
    fs::create_dir_all(parent).map_err(unwritable)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".patchmark-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(parent).map_err(unwritable)
}

/// Reads a saved run from its folder or from its `run.json`.
pub fn read_run(path: &Path) -> Result<Run> {
    let file = if path.is_dir() { path.join(RUN.file) } else { path.to_owned() };
    RUN.read(&file, |text| serde_json::from_str(text))
}

/// The run without NaN and infinity, which JSON cannot hold: a row that failed has no median.
pub(super) fn finite(run: &Run) -> Run {
    fn good(estimate: &Estimate) -> bool {
        estimate.median.is_finite() && estimate.low.is_finite() && estimate.high.is_finite()
    }
    fn mend(samples: &mut Samples) {
        samples.samples.retain(|sample| sample.is_finite());
        if !good(&samples.estimate) {
            samples.estimate = Estimate { median: 0.0, low: 0.0, high: 0.0 };
        }
    }
    let mut run = run.clone();
    for batch in &mut run.batches {
        mend(&mut batch.decode_ms);
        batch.tokenize_ms.iter_mut().for_each(mend);
        for forward in &mut batch.forwards {
            mend(&mut forward.forward_ms);
            mend(&mut forward.launch_ms);
            forward.back_to_back_images_per_s = forward.back_to_back_images_per_s.filter(good);
        }
        for row in &mut batch.processors {
            mend(&mut row.preprocess_ms);
            row.ratio.retain(|_, estimate| good(estimate));
            row.images_per_s.retain(|_, estimate| good(estimate));
            row.speedup_over_hf = row.speedup_over_hf.filter(good);
            row.stages_ms.retain(|_, ms| ms.is_finite());
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::InputError;
    use crate::report::samples;

    fn is_input(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| cause.is::<InputError>())
    }

    #[test]
    fn a_run_survives_the_disk_and_is_replaced_whole() -> Result<()> {
        let root = tempfile::tempdir()?;
        let dir = root.path().join("nested/run");
        let mut run = samples::run(&["hf", "fused"], &[1, 8]);
        check_writable(&dir)?;
        write_run(&dir, &run)?;
        assert_eq!(read_run(&dir)?, run);
        fs::write(dir.join("mine.txt"), "kept")?;
        run.partial = true;
        run.batches[0].processors[1].ratio.insert("native".into(), samples::estimate(f64::NAN));
        write_run(&dir, &run)?;
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
            check_writable(root.path()),
            write_run(root.path(), &samples::run(&["hf"], &[1])),
            check_writable(&root.path().join("thesis.tex")),
        ] {
            let error = result.err().context("it was accepted")?;
            assert!(is_input(&error), "{error:?}");
        }
        assert_eq!(fs::read_dir(root.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn what_is_not_a_run_is_an_input_error() -> Result<()> {
        let root = tempfile::tempdir()?;
        let file = root.path().join("run.json");
        let json = serde_json::to_string(&samples::run(&["hf"], &[1]))?;
        let newer = json.replacen("\"schema_version\":1", "\"schema_version\":2", 1);
        for (text, word) in
            [(&json[..json.len() / 2], "cut short"), (&newer, "newer"), ("{}", "no schema_version")]
        {
            fs::write(&file, text)?;
            let error = read_run(root.path()).err().context("it was read")?;
            assert!(is_input(&error) && error.to_string().contains(word), "{error:?}");
        }
        let error = read_run(&root.path().join("absent")).err().context("it was read")?;
        assert!(is_input(&error));
        Ok(())
    }
}
