//! A journal as a file: where it lies, and how it is appended to.

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{Entry, Header};

/// What follows the name of the result's folder in the name of its journal.
const MIDDLE: &str = ".unfinished";
const END: &str = ".jsonl";

/// A journal under way. Dropping it leaves the file if it holds anything measured.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// None if nothing is to be saved, or nothing can be.
    file: Option<File>,
    failure: Option<String>,
    measured: bool,
}

impl Journal {
    /// A journal that saves nothing.
    pub fn off() -> Self {
        Self { path: PathBuf::new(), file: None, failure: None, measured: false }
    }

    /// Begins a journal beside `folder`, to which the result will go. If that is impossible nothing is saved before
    /// the end, and [`Journal::failure`] says why.
    pub fn begin(folder: &Path, header: &Header) -> Self {
        let mut journal = Self::off();
        match create(folder) {
            Ok((path, file)) => {
                (journal.path, journal.file) = (path, Some(file));
                journal.line(header);
            }
            Err(error) => journal.failure = Some(format!("{error:#}")),
        }
        journal
    }

    /// Where it is; none if nothing is saved.
    pub fn path(&self) -> Option<&Path> {
        self.file.is_some().then_some(&self.path)
    }

    /// Why nothing more is saved, if that is so.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Whether it holds anything measured.
    pub fn holds_samples(&self) -> bool {
        self.measured
    }

    /// Appends an entry. An error ends the journal, not the measurement.
    pub fn append(&mut self, entry: &Entry) {
        self.measured |= match entry {
            Entry::Samples(samples) => samples.rounds() > 0 || !samples.decode_ms.is_empty(),
            Entry::Row { .. } | Entry::Round { .. } => true,
            Entry::ElapsedS(_) | Entry::Note(..) => false,
        };
        self.line(entry);
    }

    fn line(&mut self, line: &impl serde::Serialize) {
        let Some(file) = &mut self.file else { return };
        // One write for the whole line, so that a process that is killed leaves at most one line cut short.
        let written = serde_json::to_vec(line).map_err(std::io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            file.write_all(&bytes)
        });
        if let Err(error) = written {
            self.failure = Some(format!("{}: {error}", self.path.display()));
            self.file = None;
        }
    }

    /// Deletes it, once the result is saved.
    pub fn remove(mut self) {
        self.measured = false;
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if !self.measured && !self.path.as_os_str().is_empty() {
            // One that stays by mistake holds nothing that the result does not.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The parent and the name of a result's folder, which may not exist yet.
fn place(folder: &Path) -> Option<(PathBuf, String)> {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let name = folder.file_name()?.to_string_lossy().into_owned();
    Some((parent.unwrap_or(Path::new(".")).to_owned(), name))
}

/// Creates the file under the first name that is free.
fn create(folder: &Path) -> Result<(PathBuf, File)> {
    let (parent, name) = place(folder).context("the folder of the result has no name")?;
    fs::create_dir_all(&parent).with_context(|| parent.display().to_string())?;
    for number in 1_u32.. {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        let path = parent.join(format!("{name}{MIDDLE}{number}{END}"));
        match File::options().append(true).create_new(true).open(&path) {
            Ok(file) => {
                // Shows other processes that it is being written; some file systems have no locks.
                let _ = file.try_lock();
                return Ok((path, file));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        }
    }
    unreachable!("there are fewer files than numbers")
}

/// The journals beside a result's folder, in the order of their names.
pub fn journals_of(folder: &Path) -> Vec<PathBuf> {
    let Some((parent, name)) = place(folder) else { return Vec::new() };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            file.strip_prefix(&name).is_some_and(|rest| rest.starts_with(MIDDLE)) && is_journal(&file)
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// The folder that the result of a journal was to go to; none if the file is not named as a journal.
pub fn folder_of(journal: &Path) -> Option<PathBuf> {
    let name = journal.file_name()?.to_str()?.strip_suffix(END)?;
    Some(journal.with_file_name(&name[..name.rfind(MIDDLE)?]))
}

/// Whether a file's name is that of a journal.
pub(crate) fn is_journal(file: &str) -> bool {
    file.strip_suffix(END).is_some_and(|stem| stem.contains(MIDDLE))
}

/// Whether another process is still writing it.
pub(super) fn is_being_written(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}
