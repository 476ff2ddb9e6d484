//! Many saved runs over time: one series per figure, and where its level changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use patchmark_results::{History, Kind, Run, Series, history::Point, input_error, text::plural};
use patchmark_statistics::{change_points, median};

use crate::{
    environment::{differences, different_work},
    figures::{FigureKind, figures},
    load,
};

/// How many levels of folders below the given one are searched.
const DEPTH: usize = 3;

/// Reads every run below `dir`, and leaves out by name what cannot be read. For absolute times, only runs of the latest
/// run's class of machine are used.
///
/// # Errors
/// An input error for a folder without a complete run that can be read.
pub fn read(dir: &Path, kind: FigureKind) -> Result<History> {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    collect(dir, DEPTH, &mut files, &mut unreadable)
        .map_err(|error| input_error!("cannot read the folder {}: {error}", dir.display()))?;
    let mut runs: Vec<Run> = Vec::new();
    for file in &files {
        match load::read(file) {
            Ok(run) => runs.push(run),
            Err(error) => unreadable.push(format!("{error:#}")),
        }
    }
    runs.sort_by_key(|run| run.started_unix_s);
    let found = runs.len();
    runs.retain(|run| !run.partial);
    let mut notes = left_out(found - runs.len(), "partial run", "");
    let Some(latest) = runs.last().cloned() else {
        let why = if unreadable.is_empty() { String::new() } else { format!(": {}", unreadable.join("; ")) };
        return Err(input_error!(
            "{} holds no complete run that can be read{why}; name a folder that contains run folders",
            dir.display()
        ));
    };
    let whole = runs.len();
    runs.retain(|run| different_work(run, &latest).is_empty());
    notes.extend(left_out(
        whole - runs.len(),
        "run",
        " with a model, images or settings that differ from the latest run's",
    ));
    if kind == FigureKind::Time {
        let same = runs.len();
        runs.retain(|run| differences(run, &latest).is_empty());
        notes.extend(left_out(
            same - runs.len(),
            "run",
            " on a machine or with libraries that differ from the latest run's",
        ));
    }
    Ok(History {
        commits: runs.iter().map(|run| run.environment.commit.clone()).collect(),
        series: series(&runs, kind),
        notes,
        unreadable,
    })
}

fn left_out(count: usize, noun: &str, why: &str) -> Vec<String> {
    if count == 0 { Vec::new() } else { vec![format!("left out: {}{why}", plural(count as u64, noun))] }
}

/// The runs below a folder; folders in it that cannot be read are named in `unreadable`.
fn collect(
    dir: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    unreadable: &mut Vec<String>,
) -> std::io::Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // A run that is being written is in a hidden folder.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                let below = entry.path();
                if let Err(error) = collect(&below, depth - 1, files, unreadable) {
                    unreadable.push(format!("cannot read the folder {}: {error}", below.display()));
                }
            }
        } else if entry.file_name() == Kind::Run.file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn series(runs: &[Run], kind: FigureKind) -> Vec<Series> {
    let mut found: Vec<Series> = Vec::new();
    for (run, figure) in
        runs.iter().enumerate().flat_map(|(n, run)| figures(run).into_iter().map(move |f| (n, f)))
    {
        if figure.kind != kind || figure.samples.is_empty() {
            continue;
        }
        let point = Point { run, value: median(&figure.samples) };
        let same = |series: &&mut Series| {
            (&series.subject, series.batch_size, &series.figure)
                == (&figure.subject, figure.batch_size, &figure.name)
        };
        match found.iter_mut().find(same) {
            Some(series) => series.points.push(point),
            None => found.push(Series {
                subject: figure.subject,
                batch_size: figure.batch_size,
                figure: figure.name,
                points: vec![point],
                changes: Vec::new(),
            }),
        }
    }
    for series in &mut found {
        series.changes = change_points(&series.points.iter().map(|point| point.value).collect::<Vec<_>>());
    }
    found
}
