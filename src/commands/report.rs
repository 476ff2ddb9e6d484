//! `patchmark report`.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;
use clap::Args;
use patchmark_report::{Format, Selection, Theme, index, markdown::limit, page, store, views};
use patchmark_results::{Folder, Kind, Outcome, Run, Saved, input_error, read_run, text::plural};

use super::{left_out::left_out, recover::recover};
use crate::console::{out, tell};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder or file of a result of bench, parity, validate, compare or gate; several runs of bench become one page that
    /// shows them side by side
    #[arg(required_unless_present = "index", value_name = "RESULT")]
    results: Vec<PathBuf>,
    /// Recover a measurement that was killed, from the journal that it left: RESULT is the folder that it would have been
    /// saved in, or the journal itself
    #[arg(long, conflicts_with_all = ["index", "only", "format", "theme"], env = "PATCHMARK_RECOVER")]
    recover: bool,
    /// Write index.html into DIR instead: every result below it, with a link to its page; what cannot be read is left out
    /// by name (exit code 5)
    #[arg(long, value_name = "DIR", conflicts_with_all = ["results", "out", "only", "format"])]
    index: Option<PathBuf>,
    /// Where to draw [default: the result's own folder; runs/report for several runs]
    #[arg(long, value_name = "DIR", env = "PATCHMARK_OUT")]
    out: Option<PathBuf>,
    /// Draw only these charts; a run of bench has ratio, stages, throughput and samples
    #[arg(long, value_name = "NAMES", value_delimiter = ',', env = "PATCHMARK_CHARTS")]
    only: Vec<String>,
    /// Write the charts only in these formats
    #[arg(long, value_enum, value_name = "FORMATS", value_delimiter = ',', env = "PATCHMARK_CHART_FORMATS")]
    format: Vec<Format>,
    /// Theme of SVG and PNG files; dark ones are named NAME-dark, and a page has both
    #[arg(long, value_enum, value_name = "THEME", default_value = "light", env = "PATCHMARK_THEME")]
    theme: Theme,
    /// Draw nothing, but append the summary of each result to this file, such as "$GITHUB_STEP_SUMMARY"; the file stays within
    /// the 1 MiB that GitHub accepts
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "out", "only", "format", "open"])]
    append: Option<PathBuf>,
    /// Show the page in the browser
    #[arg(long, env = "PATCHMARK_OPEN")]
    open: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome> {
    if let Some(file) = &arguments.append {
        arguments.results.iter().try_for_each(|result| append(file, result))?;
        return Ok(Outcome::Done);
    }
    let (page, outcome) = match (&arguments.index, arguments.results.as_slice()) {
        (Some(folder), _) => list(folder)?,
        (None, [one]) if arguments.recover => (recovered(arguments, one)?, Outcome::Done),
        (None, _) if arguments.recover => {
            return Err(input_error!("--recover: name one folder or journal at a time"));
        }
        (None, [one]) => (redraw(arguments, one)?, Outcome::Done),
        (None, several) => (beside(arguments, several)?, Outcome::Done),
    };
    if arguments.open {
        open(&page)?;
    }
    Ok(outcome)
}

/// Writes the index of a folder; returns its path, and how the command ends.
fn list(folder: &Path) -> Result<(PathBuf, Outcome)> {
    let index = index::find(folder)?;
    let page = index::write(folder, &index)?;
    tell!("{} listed in {}", plural(index.entries.len() as u64, "result"), page.display());
    Ok((page, left_out("result", &index.unreadable)))
}

/// Recovers a measurement that ended early and returns the path of its first page.
fn recovered(arguments: &Arguments, path: &Path) -> Result<PathBuf> {
    let folders = recover(path, arguments.out.as_deref())?;
    Ok(folders.first().map_or_else(|| path.to_owned(), |folder| folder.join(page::FILE)))
}

/// Redraws one result and returns the path of its page.
fn redraw(arguments: &Arguments, path: &Path) -> Result<PathBuf> {
    let selection = selection(arguments)?;
    let saved = Saved::read(path)?;
    let result = views::of(&saved);
    let folder = match (&arguments.out, path.is_dir()) {
        (Some(out), _) => out.clone(),
        (None, true) => path.to_owned(),
        (None, false) => path.parent().map(PathBuf::from).unwrap_or_default(),
    };
    store::redraw(&folder, result, &selection)?;
    out!("{}", result.terminal());
    tell!("drawn in {}", folder.display());
    Ok(folder.join(page::FILE))
}

/// Appends a result's summary to a file that may already have some.
fn append(file: &Path, path: &Path) -> Result<()> {
    let saved = Saved::read(path)?;
    let failed = |error: io::Error| input_error!("cannot append to {}: {error}", file.display());
    let mut out = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
    let taken = out.metadata().map_err(failed)?.len();
    let room = limit::STEP.saturating_sub(usize::try_from(taken).unwrap_or(limit::STEP));
    match views::of(&saved).summary_within(room.min(limit::RESULT)) {
        summary if summary.len() <= room => out.write_all(summary.as_bytes()).map_err(failed)?,
        _ => tell!("{} is full: the summary of {} was left out", file.display(), path.display()),
    }
    Ok(())
}

/// What to redraw.
fn selection(arguments: &Arguments) -> Result<Selection> {
    let (only, format) = (&arguments.only, &arguments.format);
    if arguments.open && !format.is_empty() && !format.contains(&Format::Html) {
        return Err(input_error!("--open shows the page: add html to --format, or leave --format out"));
    }
    let mut selection = Selection { theme: arguments.theme, ..Selection::default() };
    if !only.is_empty() {
        selection.charts = Some(only.iter().map(|name| name.trim().to_owned()).collect());
    }
    if !format.is_empty() {
        selection.formats.clone_from(format);
    }
    Ok(selection)
}

/// Puts several runs on one page and returns its path.
fn beside(arguments: &Arguments, paths: &[PathBuf]) -> Result<PathBuf> {
    if !arguments.only.is_empty() || !arguments.format.is_empty() || arguments.theme != Theme::Light {
        return Err(input_error!("--only, --format and --theme are for one run; several become one page"));
    }
    if let Some(other) = paths.iter().find(|path| path.is_dir() && !path.join(Kind::Run.file()).is_file()) {
        return Err(input_error!("{} holds no run.json: only runs of bench share a page", other.display()));
    }
    let name = |path: &Path| {
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        folder.unwrap_or(path).display().to_string()
    };
    let runs = paths.iter().map(|path| Ok((name(path), read_run(path)?)));
    let runs = runs.collect::<Result<Vec<(String, Run)>>>()?;
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from("runs/report"));
    let staging = Folder::find(&folder, page::FILE)?.staging()?;
    staging.save(page::FILE, page::of_runs(&runs)?.as_bytes())?;
    staging.replace()?;
    let page = folder.join(page::FILE);
    tell!("drawn in {}", page.display());
    Ok(page)
}

/// Opens the page with the desktop's default program.
fn open(page: &Path) -> Result<()> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let ended = Command::new(opener).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let why = match ended {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("{opener} ended with {status}"),
        Err(error) => format!("{opener} cannot be run ({error})"),
    };
    Err(input_error!("--open: {why}; open {} in a browser yourself", page.display()))
}
