//! An output folder: its shards, its journal while it is unfinished, and its index once it is finished.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use patchmark_results::{
    SkippedFile, document, input_error,
    shards::{FinishedShard, Index, ShardJournal, ShardSettings, SourceFile},
};
use rayon::{ThreadPool, prelude::*};

use super::{
    decoding::source,
    names::{INDEX, JOURNAL, UNFINISHED, is_shard, shard_name},
    resume::{Segment, finished, keep, same_settings},
    writer::Destination,
};
use crate::workload::EncodedImage;

/// An output folder as it was found.
pub(super) enum Found {
    /// Everything is there.
    Finished(Index),
    /// Something is to be done, perhaps everything.
    Unfinished(Folder),
}

/// An unfinished output folder, which no other process can open.
pub(super) struct Folder {
    path: PathBuf,
    settings: ShardSettings,
    journal: File,
    finished: BTreeMap<u64, FinishedShard>,
    segments: Vec<Segment>,
}

impl Folder {
    /// Opens a folder that is new, empty, or an output of the same settings and files, and checks the shards in it.
    ///
    /// # Errors
    /// An input error if the folder cannot be written to, holds anything else, or is being written by another process.
    pub(super) fn open(
        path: &Path,
        settings: ShardSettings,
        files: &[EncodedImage],
        pool: &ThreadPool,
    ) -> Result<Found> {
        let shown = path.display();
        fs::create_dir_all(path).map_err(|error| input_error!("cannot write to {shown}: {error}"))?;
        check_contents(path)?;
        let sources: Vec<SourceFile> = pool.install(|| files.par_iter().map(source).collect());
        if path.join(INDEX).exists() {
            return finished(path, &settings, &sources, pool).map(Found::Finished);
        }
        let mut journal = open_journal(path)?;
        // What a process that was killed has left of a shard would count against the room on the disk.
        remove(path, |name| name.ends_with(UNFINISHED))?;
        let old = ShardJournal::read(&path.join(JOURNAL))?;
        let (kept, segments) = match old {
            None => {
                journal.set_len(0)?;
                write_line(&mut journal, &settings)?;
                (BTreeMap::new(), vec![Segment { number: 0, files: 0..files.len(), images: None }])
            }
            Some(old) => {
                same_settings(path, &old.settings, &settings)?;
                journal.set_len(old.whole_bytes)?;
                keep(path, old.finished, &sources, settings.images_per_shard, pool)?
            }
        };
        Ok(Found::Unfinished(Self { path: path.to_owned(), settings, journal, finished: kept, segments }))
    }

    /// What is to be done.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Images in shards that are whole.
    pub(super) fn images(&self) -> u64 {
        self.finished.values().map(|shard| shard.shard.images).sum()
    }

    /// The images in a shard that is whole; none if it is not.
    pub(super) fn images_of(&self, number: u64) -> Option<u64> {
        Some(self.finished.get(&number)?.shard.images)
    }

    /// Writes the index, which makes the output finished. `skipped` are files after the last shard that were left out.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub(super) fn finish(self, skipped: Vec<SkippedFile>) -> Result<Index> {
        // Shards of an earlier process that this output does not need.
        remove(&self.path, |name| !self.finished.values().any(|shard| shard.shard.file == name))?;
        // Only now: a shard that a loss of power damages before is found by its checksum, and waiting for the disk after each
        // shard would leave the CPU idle.
        for shard in self.finished.values() {
            let path = self.path.join(&shard.shard.file);
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.with_context(|| format!("failed to write {}", path.display()))?;
        }
        let tensors = self.finished.values().next().map(|shard| shard.tensors.clone()).unwrap_or_default();
        let mut index = Index {
            settings: self.settings,
            tensors,
            shards: Vec::new(),
            skipped_files: Vec::new(),
            images: Vec::new(),
        };
        for shard in self.finished.into_values() {
            index.shards.push(shard.shard);
            index.skipped_files.extend(shard.skipped_files);
            index.images.extend(shard.images);
        }
        index.skipped_files.extend(skipped);
        let place = self.path.join(INDEX);
        let mut file = document::beside(&place)?;
        let mut writer = BufWriter::new(file.as_file_mut());
        serde_json::to_writer(&mut writer, &index)?;
        writer.write_all(b"\n").and_then(|()| writer.flush()).with_context(|| place.display().to_string())?;
        drop(writer);
        document::replace(&place, file)?;
        // From here on the index counts; a journal that stays is removed the next time.
        fs::remove_file(self.path.join(JOURNAL))?;
        Ok(index)
    }
}

impl Destination for Folder {
    fn create(&mut self, number: u64) -> Result<File> {
        let path = self.path.join(self.name(number) + UNFINISHED);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        file.map_err(|error| input_error!("cannot write {}: {error}", path.display()))
    }

    fn name(&self, number: u64) -> String {
        shard_name(number)
    }

    fn keep(&mut self, shard: FinishedShard) -> Result<()> {
        let path = self.path.join(&shard.shard.file);
        fs::rename(self.path.join(shard.shard.file.clone() + UNFINISHED), &path)
            .with_context(|| format!("failed to write {}", path.display()))?;
        write_line(&mut self.journal, &shard)?;
        self.finished.insert(shard.number, shard);
        Ok(())
    }
}

/// Checks that a folder holds nothing but an output.
fn check_contents(folder: &Path) -> Result<()> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).map_err(|error| input_error!("cannot read {shown}: {error}"))?;
    let (mut shard, mut known) = (None, false);
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == INDEX || name == JOURNAL {
            known = true;
        } else if is_shard(&name) {
            shard = Some(name);
        } else if !name.starts_with('.') {
            return Err(input_error!(
                "{shown} holds other files, such as {name}; name a new or an empty folder with --out"
            ));
        }
    }
    match shard {
        Some(shard) if !known => Err(input_error!(
            "{shown} holds {shard}, but no {INDEX} that says what it is; name a new or an empty folder with --out"
        )),
        _ => Ok(()),
    }
}

/// Removes the shards of a folder, whole or not, that `unneeded` names.
fn remove(folder: &Path, unneeded: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_shard(&name) && unneeded(&name) {
            let path = entry.path();
            fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn open_journal(folder: &Path) -> Result<File> {
    let path = folder.join(JOURNAL);
    let unwritable = |error: std::io::Error| input_error!("cannot write {}: {error}", path.display());
    let file = File::options().create(true).append(true).open(&path).map_err(unwritable)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(input_error!(
            "another process is writing to {}; wait until it has ended, or name another folder with --out",
            folder.display()
        )),
        // Some file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Appends a line.
fn write_line(file: &mut File, line: &impl serde::Serialize) -> Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes).with_context(|| format!("failed to write {JOURNAL}"))
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
