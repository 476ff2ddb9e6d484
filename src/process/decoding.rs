//! Decodes files in order, several at once, in groups that fit into memory.

use std::{borrow::Cow, collections::VecDeque, ops::Range, sync::Arc, time::UNIX_EPOCH};

use anyhow::{Context, Result};
use patchmark_results::{InputError, SkippedFile, shards::SourceFile};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};

use super::buffers::Buffers;
use crate::{
    guarded::guarded,
    workload::{Decoded, DecodedImage, EncodedImage},
};

/// Files in a group for each thread: enough for the threads to share evenly.
const FILES_PER_THREAD: usize = 16;
/// Bytes that a file of a group may have on average, stored and decoded each: a photograph of a megapixel.
const BYTES_PER_FILE: u64 = 3 << 20;

/// What became of a file.
pub(super) enum Opened {
    /// It was decoded.
    Image(Arc<DecodedImage>),
    /// transformers' own processor has to read it; the error that any other ends with.
    SixteenBit(anyhow::Error),
    /// It cannot be decoded and is left out.
    Skipped(SkippedFile),
}

/// A file with what became of it.
pub(super) struct OpenedFile {
    /// Its index among all files.
    pub(super) index: usize,
    pub(super) source: SourceFile,
    pub(super) opened: Opened,
}

/// A file that was read and not yet decoded.
struct Read {
    index: usize,
    source: SourceFile,
    bytes: Result<Cow<'static, [u8]>>,
}

impl Read {
    /// The bytes of the decoded image, as far as its header tells them.
    fn decoded_bytes(&self) -> u64 {
        let Ok(bytes) = &self.bytes else { return 0 };
        let native = guarded(|| patchmark_decode::stored_size(bytes)).ok().flatten();
        let native = native.map(|(width, height)| (u64::from(width), u64::from(height)));
        let size = native.or_else(|| {
            let size = guarded(|| imagesize::blob_size(bytes)).ok()?.ok()?;
            Some((size.width as u64, size.height as u64))
        });
        // One that does not tell is decoded alone.
        size.map_or(u64::MAX, |(width, height)| width.saturating_mul(height).saturating_mul(3))
    }
}

/// Files that are decoded in order.
pub(super) struct Decoding<'a> {
    files: &'a [EncodedImage],
    left: Range<usize>,
    skip_bad_files: bool,
    pool: &'a ThreadPool,
    buffers: &'a Buffers,
    read: VecDeque<Read>,
}

/// The threads of a [`Decoding`].
///
/// # Errors
/// If the system refuses them.
pub(super) fn threads(count: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(count).build();
    pool.with_context(|| format!("failed to start a thread pool of size {count}"))
}

impl<'a> Decoding<'a> {
    /// Decodes the files of `range`, into the memory of `buffers`. Bad ones are left out if `skip_bad_files` is set; otherwise
    /// the first ends everything.
    pub(super) fn new(
        files: &'a [EncodedImage],
        range: Range<usize>,
        skip_bad_files: bool,
        pool: &'a ThreadPool,
        buffers: &'a Buffers,
    ) -> Self {
        Self { files, left: range, skip_bad_files, pool, buffers, read: VecDeque::new() }
    }

    /// The next group; none after the last file.
    ///
    /// # Errors
    /// As [`EncodedImage::decode`].
    pub(super) fn next_group(&mut self) -> Result<Option<Vec<OpenedFile>>> {
        if self.read.is_empty() {
            self.read_ahead();
        }
        let budget = self.pool.current_num_threads() as u64 * FILES_PER_THREAD as u64 * BYTES_PER_FILE;
        let mut group = Vec::new();
        let mut held = 0_u64;
        while let Some(next) = self.read.front() {
            held = held.saturating_add(next.decoded_bytes());
            if held > budget && !group.is_empty() {
                break;
            }
            group.extend(self.read.pop_front());
        }
        if group.is_empty() {
            return Ok(None);
        }
        let open = |read| self.open(read);
        self.pool.install(|| group.into_par_iter().map(open).collect::<Result<_>>()).map(Some)
    }

    /// Reads the files of the next groups.
    fn read_ahead(&mut self) {
        let most = self.pool.current_num_threads() * FILES_PER_THREAD;
        let budget = most as u64 * BYTES_PER_FILE;
        let mut next = Vec::new();
        let mut held = 0_u64;
        while next.len() < most && held < budget {
            let Some(index) = self.left.next() else { break };
            let source = source(&self.files[index]);
            held = held.saturating_add(source.bytes);
            next.push((index, source));
        }
        let files = self.files;
        let read = |(index, source): (usize, SourceFile)| Read { index, source, bytes: files[index].bytes() };
        let read: Vec<_> = self.pool.install(|| next.into_par_iter().map(read).collect());
        self.read.extend(read);
    }

    fn open(&self, Read { index, source, bytes }: Read) -> Result<OpenedFile> {
        let file = &self.files[index];
        let opened = match bytes.and_then(|bytes| file.decode_bytes(&bytes, self.buffers.take())) {
            Ok(Decoded::Image(image)) => Opened::Image(Arc::new(image)),
            Ok(Decoded::SixteenBit(error)) => Opened::SixteenBit(error),
            Err(error) => Opened::Skipped(skipped(file, error, self.skip_bad_files)?),
        };
        Ok(OpenedFile { index, source, opened })
    }
}

/// The record of a bad file that is left out.
///
/// # Errors
/// The error itself, if bad files are not left out, or if it is not the file's fault.
pub(super) fn skipped(
    file: &EncodedImage,
    error: anyhow::Error,
    skip_bad_files: bool,
) -> Result<SkippedFile> {
    if skip_bad_files && error.is::<InputError>() {
        Ok(SkippedFile { file: file.name().to_owned(), reason: error.to_string() })
    } else {
        Err(error)
    }
}

/// The file as it is now. One that cannot be looked at has no size; reading it tells why.
pub(super) fn source(file: &EncodedImage) -> SourceFile {
    let (bytes, modified) = match file {
        EncodedImage::Embedded { bytes, .. } => (bytes.len() as u64, None),
        EncodedImage::File { path, .. } => match path.metadata() {
            Ok(metadata) => (metadata.len(), metadata.modified().ok()),
            Err(_) => (0, None),
        },
    };
    let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let modified_unix_ns = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
    SourceFile { file: file.name().to_owned(), bytes, modified_unix_ns }
}

#[cfg(test)]
#[path = "decoding_tests.rs"]
mod tests;
