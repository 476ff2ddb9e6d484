//! `process`: the tensors of any number of files, in memory that does not grow with them.

mod buffers;
mod decoding;
mod disk;
mod folder;
mod job;
mod layout;
mod names;
mod pipeline;
mod resume;
mod tensor_file;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use patchmark_results::{
    SkippedFile, document, input_error,
    shards::{FinishedShard, Index, ShardSettings},
};
use tempfile::NamedTempFile;

use self::{
    buffers::Buffers,
    decoding::Decoding,
    folder::{Folder, Found},
    layout::Layout,
    pipeline::Ended,
    writer::{Destination, Writer},
};
use crate::processor::Parameters;

pub use self::job::Job;

/// A file of its own for everything.
struct OneFile {
    file: NamedTempFile,
    path: PathBuf,
    written: Option<FinishedShard>,
}

impl Destination for OneFile {
    fn create(&mut self, _: u64) -> Result<File> {
        Ok(self.file.as_file().try_clone()?)
    }

    fn name(&self, _: u64) -> String {
        self.path.display().to_string()
    }

    fn keep(&mut self, shard: FinishedShard) -> Result<()> {
        self.written = Some(shard);
        Ok(())
    }
}

impl Job<'_> {
    /// Writes one safetensors file, completely or not at all; none if a signal was heard.
    ///
    /// # Errors
    /// An input error if the file cannot be written, does not fit on the disk, or an image cannot be processed.
    pub fn to_file(&self, path: &Path) -> Result<Option<FinishedShard>> {
        let file = document::beside(path)?;
        let (pool, buffers) = (decoding::threads(self.threads)?, Buffers::default());
        let count = self.files.len() as u64;
        let folder = file.path().parent().unwrap_or(Path::new("."));
        disk::check_room(folder, Layout::expected(self.parameters).file_bytes(count)?)?;
        let mut destination = OneFile { file, path: path.to_owned(), written: None };
        let decoding = Decoding::new(self.files, 0..self.files.len(), self.skip_bad_files, &pool, &buffers);
        let skipped = match pipeline::run(
            self,
            &buffers,
            decoding,
            Writer::new(&mut destination, count, 0, self.files.len()),
        )? {
            Ended::Interrupted => return Ok(None),
            Ended::Done(skipped) => skipped,
        };
        let Some(mut written) = destination.written else { return Err(nothing(&skipped)) };
        written.skipped_files.extend(skipped);
        document::replace(path, destination.file)?;
        Ok(Some(written))
    }

    /// Writes shards of `settings.images_per_shard` images and an index to a folder, or what is missing of them; none if a
    /// signal was heard. Shards that are finished then are kept for the next call.
    ///
    /// # Errors
    /// An input error if the folder is not an output of the same settings and files, the output does not fit on the disk, or
    /// an image cannot be processed.
    pub fn to_folder(&self, path: &Path, settings: ShardSettings) -> Result<Option<Index>> {
        let (pool, buffers) = (decoding::threads(self.threads)?, Buffers::default());
        let images_per_shard = settings.images_per_shard;
        let mut folder = match Folder::open(path, settings, self.files, &pool)? {
            Found::Finished(index) => {
                self.bar.set_position(self.files.len() as u64);
                return Ok(Some(index));
            }
            Found::Unfinished(folder) => folder,
        };
        let segments = folder.segments().to_vec();
        let left: usize = segments.iter().map(|segment| segment.files.len()).sum();
        disk::check_room(path, Layout::expected(self.parameters).file_bytes(left as u64)?)?;
        self.bar.set_position((self.files.len() - left) as u64);
        self.bar.reset_eta();
        let mut skipped = Vec::new();
        for segment in segments {
            let decoding =
                Decoding::new(self.files, segment.files.clone(), self.skip_bad_files, &pool, &buffers);
            let writer = Writer::new(&mut folder, images_per_shard, segment.number, segment.files.end);
            match pipeline::run(self, &buffers, decoding, writer)? {
                Ended::Interrupted => return Ok(None),
                Ended::Done(left_out) => skipped.extend(left_out),
            }
            if segment.images.is_some() && folder.images_of(segment.number) != segment.images {
                bail!(
                    "shard {} has other images than before; remove {} and process the images again",
                    segment.number + 1,
                    path.display()
                );
            }
        }
        if folder.images() == 0 {
            return Err(nothing(&skipped));
        }
        folder.finish(skipped).map(Some)
    }
}

/// How many images make a shard of about `bytes` bytes; at least one.
pub fn images_per_shard(parameters: &Parameters, bytes: u64) -> u64 {
    (bytes / Layout::expected(parameters).image_bytes()).max(1)
}

fn nothing(skipped: &[SkippedFile]) -> anyhow::Error {
    let first = skipped.first().map_or("there is none", |file| &file.reason);
    input_error!("no image could be processed: {first}")
}
