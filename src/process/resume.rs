//! What an output folder already holds: which shards are whole, and whether they were made from the files as they are now.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    ops::Range,
    path::Path,
};

use anyhow::{Context, Result};
use patchmark_results::{
    input_error,
    shards::{FinishedShard, Index, Shard, ShardSettings, SourceFile},
};
use rayon::{ThreadPool, prelude::*};

use super::{
    names::{INDEX, JOURNAL, shard_name},
    tensor_file::checksum,
};

/// Files that have to be processed, and the shards that they go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first shard.
    pub(super) number: u64,
    /// The files.
    pub(super) files: Range<usize>,
    /// The images that they must give, if that is known: other shards follow.
    pub(super) images: Option<u64>,
}

/// Checks that the output in a folder was made as this one shall be.
pub(super) fn same_settings(folder: &Path, old: &ShardSettings, new: &ShardSettings) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let [old, new] = [old, new].map(serde_json::to_value);
    let (old, new) = (old?, new?);
    let fields = new.as_object().into_iter().flatten();
    let differing = fields.map(|(field, new)| (field, &old[field], new)).find(|(_, old, new)| old != new);
    let (field, old, new) = differing.context("settings differ in no field")?;
    Err(input_error!(
        "{} holds an output whose {field} is {old}, not {new}; name another folder with --out, or remove that one",
        folder.display()
    ))
}

/// The index of a folder that has one, once everything in it was checked.
pub(super) fn finished(
    folder: &Path,
    settings: &ShardSettings,
    sources: &[SourceFile],
    pool: &ThreadPool,
) -> Result<Index> {
    let index = Index::read(&folder.join(INDEX))?;
    same_settings(folder, &index.settings, settings)?;
    if index.images.len() + index.skipped_files.len() != sources.len() {
        let (there, now) = (index.images.len() + index.skipped_files.len(), sources.len());
        return Err(other_files(folder, &format!("{there} files, and now there are {now}")));
    }
    let skipped: HashSet<_> = index.skipped_files.iter().map(|file| &file.file).collect();
    let mut images = index.images.iter();
    for source in sources.iter().filter(|source| !skipped.contains(&source.file)) {
        let there = images.next().map(|image| (image.file.as_str(), image.bytes));
        if there != Some((source.file.as_str(), source.bytes)) {
            return Err(other_files(folder, &format!("{} is not among them as it is now", source.file)));
        }
    }
    let damaged = |(number, shard): (usize, _)| {
        let shard: &Shard = shard;
        let whole = shard.file == shard_name(number as u64)
            && checksum(&folder.join(&shard.file)).is_ok_and(|found| found == (shard.bytes, shard.crc32));
        (!whole).then_some(shard)
    };
    let damaged = pool.install(|| index.shards.par_iter().enumerate().find_map_first(damaged));
    if let Some(damaged) = damaged {
        return Err(input_error!(
            "{} is not as {INDEX} describes it; remove {} and process the images again",
            folder.join(&damaged.file).display(),
            folder.display()
        ));
    }
    let journal = folder.join(JOURNAL);
    if journal.exists() {
        fs::remove_file(&journal).with_context(|| format!("failed to remove {}", journal.display()))?;
    }
    Ok(index)
}

/// The shards that are whole and were made from the files as they are now, and what is still to be done.
pub(super) fn keep(
    folder: &Path,
    lines: Vec<FinishedShard>,
    sources: &[SourceFile],
    images_per_shard: u64,
    pool: &ThreadPool,
) -> Result<(BTreeMap<u64, FinishedShard>, Vec<Segment>)> {
    let mut old: BTreeMap<u64, FinishedShard> = lines.into_iter().map(|line| (line.number, line)).collect();
    let files_of = |shard: &FinishedShard| {
        let first = usize::try_from(shard.first_file).ok()?;
        sources.get(first..first.checked_add(shard.sources.len())?)
    };
    let unchanged = |shard: &FinishedShard| {
        // Only then is the sum below within the files.
        files_of(shard) == Some(&shard.sources) && {
            let last = shard.first_file as usize + shard.sources.len() == sources.len();
            shard.shard.file == shard_name(shard.number) && (last || shard.shard.images == images_per_shard)
        }
    };
    if !old.is_empty() && !old.values().any(unchanged) {
        return Err(other_files(folder, "none of its finished shards was made from these files"));
    }
    let is_whole = |shard: &FinishedShard| {
        shard.shard.file == shard_name(shard.number)
            && checksum(&folder.join(&shard.shard.file))
                .is_ok_and(|found| found == (shard.shard.bytes, shard.shard.crc32))
    };
    let whole: BTreeMap<u64, bool> =
        pool.install(|| old.par_iter().map(|(number, shard)| (*number, is_whole(shard))).collect());
    let (mut kept, mut segments) = (BTreeMap::new(), Vec::new());
    let (mut number, mut file) = (0, 0);
    while let Some(shard) =
        old.remove(&number).filter(|shard| shard.first_file == file as u64 && unchanged(shard))
    {
        let end = file + shard.sources.len();
        if whole.get(&number) == Some(&true) {
            kept.insert(number, shard);
        } else {
            segments.push(Segment { number, files: file..end, images: Some(shard.shard.images) });
        }
        (number, file) = (number + 1, end);
    }
    if file < sources.len() {
        segments.push(Segment { number, files: file..sources.len(), images: None });
    }
    Ok((kept, segments))
}

fn other_files(folder: &Path, first: &str) -> anyhow::Error {
    input_error!(
        "{} holds an output of other images: {first}; name another folder with --out, or remove that one",
        folder.display()
    )
}
