//! What `process` writes beside the shards of an output folder: the index of a finished output, and the journal of one
//! that is not.
//!
//! The journal is JSON lines: the [`ShardSettings`], then a [`FinishedShard`] per line. Once every file is processed it
//! becomes the [`Index`] and is deleted, so a folder with a journal is unfinished.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{input_error, reading, skipped::SkippedFile};

/// Bumped whenever a reader of the previous version would misread an index or a journal.
pub const INDEX_VERSION: u32 = 1;

/// The index of a finished output folder, `index.json`: what its shards hold, and which row belongs to which file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// What was asked for.
    #[serde(flatten)]
    pub settings: ShardSettings,
    /// The tensors of every shard by name.
    pub tensors: BTreeMap<String, RowTensor>,
    /// The shards in order.
    pub shards: Vec<Shard>,
    /// Files that could not be decoded and were left out.
    pub skipped_files: Vec<SkippedFile>,
    /// One entry per image, in the order of the files.
    pub images: Vec<IndexedImage>,
}

/// Everything but the files that decides what the shards hold, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShardSettings {
    /// Always [`INDEX_VERSION`] in what this build writes.
    pub index_version: u32,
    /// The version of patchmark.
    pub patchmark: String,
    /// The processor's name.
    pub processor: String,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Whose pixels the files have: `reference`, `pillow` or `torchvision`.
    pub decoder: String,
    /// The processor's parameters, under the names of `preprocessor_config.json`.
    pub parameters: BTreeMap<String, Value>,
    /// Images in every shard but the last, which may have fewer.
    pub images_per_shard: u64,
}

/// A tensor of a shard, without its first dimension, which counts the images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowTensor {
    /// The dtype as safetensors writes it, such as `F32`.
    pub dtype: String,
    /// The shape of one image's row.
    pub shape: Vec<usize>,
}

/// A shard: one safetensors file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Its file name in the folder.
    pub file: String,
    /// Images in it.
    pub images: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The CRC-32 of the whole file, as `zlib.crc32` computes it.
    pub crc32: u32,
}

/// Where an image of a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndexedImage {
    /// The file, relative to the folder of images, or as the list gives it.
    pub file: String,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// Width of the decoded image in pixels; none if transformers itself read the file.
    pub width: Option<u64>,
    /// Height of the decoded image in pixels; none if transformers itself read the file.
    pub height: Option<u64>,
    /// Patches of the image as (rows, columns).
    pub spatial_shape: [i64; 2],
    /// The index of its shard in `shards`, from 0.
    pub shard: u64,
    /// Its row in the shard, from 0.
    pub row: u64,
}

/// A line of a journal: a shard that is whole, and everything it was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinishedShard {
    /// Its index among the shards, from 0.
    pub number: u64,
    /// The shard.
    pub shard: Shard,
    /// Its tensors by name.
    pub tensors: BTreeMap<String, RowTensor>,
    /// The index of its first file among all.
    pub first_file: u64,
    /// The files it was made from, those that were left out among them.
    pub sources: Vec<SourceFile>,
    /// Its images.
    pub images: Vec<IndexedImage>,
    /// Files that could not be decoded and were left out.
    pub skipped_files: Vec<SkippedFile>,
}

/// A file as it was when it was processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was last changed, in nanoseconds since the Unix epoch; none if that is not known.
    pub modified_unix_ns: Option<u64>,
}

impl Index {
    /// Reads an `index.json`.
    ///
    /// # Errors
    /// An input error for a file that cannot be read, is no index, or was written by a newer patchmark.
    pub fn read(path: &Path) -> Result<Self> {
        let value = json(path, &reading::text(path)?)?;
        serde_json::from_value(value).map_err(|error| no_index(path, &error.to_string()))
    }
}

/// A journal as it was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardJournal {
    /// Its first line.
    pub settings: ShardSettings,
    /// Its other lines in order; of two with one number, the later counts.
    pub finished: Vec<FinishedShard>,
    /// The bytes of these lines. A process that was killed may have left a part of a line behind them.
    pub whole_bytes: u64,
}

impl ShardJournal {
    /// Reads a journal; none if it has no whole line, because its process was killed at once.
    ///
    /// # Errors
    /// As for [`Index::read`].
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let bytes =
            fs::read(path).map_err(|error| input_error!("cannot read {}: {error}", path.display()))?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').take_while(|line| line.ends_with(b"\n"));
        let Some(first) = lines.next() else { return Ok(None) };
        let settings = serde_json::from_value(json(path, &String::from_utf8_lossy(first))?)
            .map_err(|error| no_index(path, &error.to_string()))?;
        let mut journal = Self { settings, finished: Vec::new(), whole_bytes: first.len() as u64 };
        for line in lines {
            // After a loss of power a line may hold anything; shards that are not in the journal are made again.
            let Ok(shard) = serde_json::from_slice(line) else { break };
            journal.finished.push(shard);
            journal.whole_bytes += line.len() as u64;
        }
        Ok(Some(journal))
    }
}

/// JSON of a version that this build reads.
fn json(path: &Path, text: &str) -> Result<Value> {
    let value: Value = serde_json::from_str(text).map_err(|error| no_index(path, &error.to_string()))?;
    match value.get("index_version").and_then(Value::as_u64) {
        None => Err(no_index(path, "it has no index_version")),
        Some(version) if version > u64::from(INDEX_VERSION) => Err(input_error!(
            "{} has index version {version}, but this build only reads up to {INDEX_VERSION}: use a newer patchmark",
            path.display()
        )),
        Some(_) => Ok(value),
    }
}

fn no_index(path: &Path, why: &str) -> anyhow::Error {
    input_error!("{} was not written by `patchmark process`: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InputError;

    fn settings() -> ShardSettings {
        ShardSettings {
            index_version: INDEX_VERSION,
            patchmark: "0.1.0".into(),
            processor: "fused".into(),
            device: "cpu".into(),
            decoder: "reference".into(),
            parameters: BTreeMap::from([("patch_size".into(), 16.into())]),
            images_per_shard: 2,
        }
    }

    fn finished(number: u64) -> FinishedShard {
        FinishedShard {
            number,
            shard: Shard { file: format!("inputs-{number}.safetensors"), images: 1, bytes: 80, crc32: 7 },
            tensors: BTreeMap::from([("x".into(), RowTensor { dtype: "F32".into(), shape: vec![2, 3] })]),
            first_file: number,
            sources: vec![SourceFile { file: "a.jpg".into(), bytes: 9, modified_unix_ns: Some(u64::MAX) }],
            images: vec![IndexedImage {
                file: "a.jpg".into(),
                bytes: 9,
                width: Some(4),
                height: None,
                spatial_shape: [3, 5],
                shard: number,
                row: 0,
            }],
            skipped_files: vec![SkippedFile { file: "b.jpg".into(), reason: "b.jpg is empty".into() }],
        }
    }

    #[test]
    fn a_journal_is_read_up_to_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress.jsonl");
        let lines = [
            serde_json::to_string(&settings()).unwrap(),
            serde_json::to_string(&finished(0)).unwrap(),
            serde_json::to_string(&finished(1)).unwrap(),
        ];
        let whole = lines[..2].join("\n") + "\n";
        let cut = |length: usize| lines[2][..length].to_owned();
        for rest in [cut(0), cut(1), cut(lines[2].len()), format!("\0\0\n{}\n", lines[2])] {
            fs::write(&path, format!("{whole}{rest}")).unwrap();
            let read = ShardJournal::read(&path).unwrap().unwrap();
            assert_eq!((read.settings, read.finished), (settings(), vec![finished(0)]), "{rest}");
            assert_eq!(read.whole_bytes, whole.len() as u64);
        }
        fs::write(&path, &lines[0][..20]).unwrap();
        assert_eq!(ShardJournal::read(&path).unwrap(), None);
    }

    #[test]
    fn what_is_no_index_and_what_is_newer_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.json");
        for (text, why) in [
            ("{}\n", "no index_version"),
            ("[1]\n", "no index_version"),
            ("{\"index_version\": 1}\n", "missing field"),
            ("{\"index_version\": 2}\n", "use a newer patchmark"),
            ("no JSON\n", "was not written by"),
        ] {
            fs::write(&path, text).unwrap();
            for error in [Index::read(&path).unwrap_err(), ShardJournal::read(&path).unwrap_err()] {
                assert!(error.is::<InputError>(), "{text}");
                let error = error.to_string();
                assert!(error.contains(why) && error.contains("index.json"), "{text}: {error}");
            }
        }
    }
}
