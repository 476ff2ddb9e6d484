//! A safetensors file from which parts of tensors are read one at a time, so that it may be larger than memory.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::Result;
use patchmark_results::input_error;
use safetensors::tensor::{Metadata, TensorInfo};

/// The bytes before the header, which hold its length.
const LENGTH_BYTES: u64 = size_of::<u64>() as u64;
/// The longest header that safetensors' own readers accept.
const MAX_HEADER: u64 = 100_000_000;

/// A safetensors file whose header was read and fits the file.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    file: File,
    header: Metadata,
    /// Where the data begins.
    start: u64,
}

impl TensorFile {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// An input error that names the file, if it cannot be read, or if its header is none, too long, contradicts itself or does
    /// not cover the file.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |error| input_error!("cannot read {}: {error}", path.display());
        let broken = |why: &str| input_error!("{} is not a whole safetensors file: {why}", path.display());
        // Before it is opened, which waits for a pipe's other end.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(input_error!("{} is not a file: name one safetensors file", path.display()));
        }
        let mut file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        if size < LENGTH_BYTES {
            return Err(broken("it is shorter than the length of a header"));
        }
        let mut length = [0; size_of::<u64>()];
        file.read_exact(&mut length).map_err(unreadable)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER {
            return Err(broken(&format!(
                "a header of {length} bytes is longer than the format allows ({MAX_HEADER})"
            )));
        }
        let start = LENGTH_BYTES + length;
        if start > size {
            return Err(broken(&format!(
                "its header of {length} bytes is cut short at {}",
                size - LENGTH_BYTES
            )));
        }
        let mut header = Vec::new();
        file.by_ref().take(length).read_to_end(&mut header).map_err(unreadable)?;
        let header: Metadata = serde_json::from_slice(&header).map_err(|error| broken(&error.to_string()))?;
        let held = header.data_len() as u64;
        if start.checked_add(held) != Some(size) {
            return Err(broken(&format!(
                "its header describes {held} bytes of tensors, but {} follow it",
                size - start
            )));
        }
        Ok(Self { path: path.to_owned(), file, header, start })
    }

    /// What is known of a tensor; none if there is none of that name.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.header.info(name)
    }

    /// The names of all tensors in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.header.offset_keys();
        names.sort_unstable();
        names
    }

    /// Reads `block.len()` bytes of a tensor, from its byte `offset`.
    ///
    /// # Errors
    /// An input error if the tensor does not have them, or the file cannot be read.
    pub fn read(&mut self, name: &str, offset: u64, block: &mut [u8]) -> Result<()> {
        let missing = || input_error!("{} has no such bytes of {name}", self.path.display());
        let (from, to) = self.header.info(name).ok_or_else(missing)?.data_offsets;
        let end = offset.checked_add(block.len() as u64).ok_or_else(missing)?;
        if end > (to - from) as u64 {
            return Err(missing());
        }
        let read = self
            .file
            .seek(SeekFrom::Start(self.start + from as u64 + offset))
            .and_then(|_| self.file.read_exact(block));
        read.map_err(|error| input_error!("cannot read {}: {error}", self.path.display()))
    }
}
