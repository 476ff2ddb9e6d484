//! The names of the files in an output folder.

/// The file that makes a folder a finished output.
pub(super) const INDEX: &str = "index.json";
/// The file that makes a folder an unfinished one.
pub(super) const JOURNAL: &str = "progress.jsonl";
/// How the name of a shard begins and ends.
const SHARD: (&str, &str) = ("inputs-", ".safetensors");
/// What follows the name of a shard that is being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// The name of the file of a shard, which counts from 1.
pub(super) fn shard_name(number: u64) -> String {
    let (begin, end) = SHARD;
    format!("{begin}{:05}{end}", number.saturating_add(1))
}

/// Whether a file's name is that of a shard, whole or not.
pub(super) fn is_shard(name: &str) -> bool {
    let (begin, end) = SHARD;
    name.starts_with(begin) && name.strip_suffix(UNFINISHED).unwrap_or(name).ends_with(end)
}
