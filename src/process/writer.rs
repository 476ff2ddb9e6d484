//! Writes processed images to one safetensors file after another.

use std::{fs::File, mem};

use anyhow::{Context, Result};
use patchmark_results::{
    SkippedFile,
    shards::{FinishedShard, IndexedImage, Shard, SourceFile},
};

use super::{layout::Layout, tensor_file::TensorFile};
use crate::inputs::ModelInputs;

/// Where a [`Writer`] puts its files.
pub(super) trait Destination {
    /// An empty file for shard `number`.
    ///
    /// # Errors
    /// If it cannot be made.
    fn create(&mut self, number: u64) -> Result<File>;

    /// The name that shard `number` will have.
    fn name(&self, number: u64) -> String;

    /// Takes a shard whose file is whole.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn keep(&mut self, shard: FinishedShard) -> Result<()>;
}

/// What became of a file, for the index.
pub(super) enum FileOutcome {
    /// It is an image of this width and height in pixels, as far as they are known, and the next row of the inputs.
    Row(Option<(u64, u64)>),
    /// It was left out.
    Skipped(SkippedFile),
}

/// Files in order with the tensors of those that were not left out.
pub(super) struct Processed {
    pub(super) files: Vec<(usize, SourceFile, FileOutcome)>,
    /// None if all were left out.
    pub(super) inputs: Option<ModelInputs>,
}

/// The shard under way, without its tensors.
#[derive(Default)]
struct OpenShard {
    first_file: Option<usize>,
    sources: Vec<SourceFile>,
    images: Vec<IndexedImage>,
    skipped: Vec<SkippedFile>,
}

/// Writes what is processed.
pub(super) struct Writer<'a> {
    destination: &'a mut (dyn Destination + Send),
    images_per_shard: u64,
    /// The shard that is written now.
    number: u64,
    /// The index behind the last file that will come.
    end: usize,
    layout: Option<Layout>,
    shard: OpenShard,
    file: Option<TensorFile>,
}

impl<'a> Writer<'a> {
    /// A writer whose first shard is `number`, for the files up to the index `end`.
    pub(super) fn new(
        destination: &'a mut (dyn Destination + Send),
        images_per_shard: u64,
        number: u64,
        end: usize,
    ) -> Self {
        Self {
            destination,
            images_per_shard,
            number,
            end,
            layout: None,
            shard: OpenShard::default(),
            file: None,
        }
    }

    /// Writes the rows of `processed`, and ends every shard that they fill.
    ///
    /// # Errors
    /// If a row differs in shape from those before it, or the disk fails.
    pub(super) fn push(&mut self, processed: Processed) -> Result<()> {
        let shapes = match &processed.inputs {
            Some(inputs) => Vec::<i64>::try_from(inputs.readable_shapes().f_flatten(0, -1)?)?,
            None => Vec::new(),
        };
        let mut shapes = shapes.chunks_exact(2).map(|shape| [shape[0], shape[1]]);
        let (mut first, mut count) = (0, 0);
        for (index, source, outcome) in processed.files {
            self.shard.first_file.get_or_insert(index);
            match outcome {
                FileOutcome::Skipped(file) => self.shard.skipped.push(file),
                FileOutcome::Row(size) => {
                    let spatial_shape = shapes.next().context("the processor gave fewer rows than images")?;
                    self.add_image(&source, size, spatial_shape);
                    count += 1;
                }
            }
            self.shard.sources.push(source);
            if self.shard.images.len() as u64 == self.images_per_shard {
                self.append(processed.inputs.as_ref(), first, count)?;
                self.end_shard()?;
                (first, count) = (first + count, 0);
            }
        }
        self.append(processed.inputs.as_ref(), first, count)
    }

    fn add_image(&mut self, source: &SourceFile, size: Option<(u64, u64)>, spatial_shape: [i64; 2]) {
        self.shard.images.push(IndexedImage {
            file: source.file.clone(),
            bytes: source.bytes,
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            spatial_shape,
            shard: self.number,
            row: self.shard.images.len() as u64,
        });
    }

    fn append(&mut self, inputs: Option<&ModelInputs>, first: i64, count: i64) -> Result<()> {
        let Some(inputs) = inputs.filter(|_| count > 0) else { return Ok(()) };
        let layout = Layout::of(inputs)?;
        self.layout.get_or_insert_with(|| layout.clone()).accept(&layout)?;
        if self.file.is_none() {
            let from = self.shard.first_file.context("a shard has no first file")?;
            let capacity = self.images_per_shard.min((self.end - from) as u64);
            let file = self.destination.create(self.number)?;
            let named = || format!("failed to write {}", self.destination.name(self.number));
            self.file = Some(TensorFile::new(file, layout, capacity).with_context(named)?);
        }
        let file = self.file.as_mut().context("a shard has no file")?;
        file.append(inputs, first, count)
            .with_context(|| format!("failed to write {}", self.destination.name(self.number)))
    }

    fn end_shard(&mut self) -> Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let (name, tensors) = (self.destination.name(self.number), file.layout().described());
        let written = file.finish().with_context(|| format!("failed to write {name}"))?;
        let shard = mem::take(&mut self.shard);
        self.destination.keep(FinishedShard {
            number: self.number,
            shard: Shard { file: name, images: written.rows, bytes: written.bytes, crc32: written.crc32 },
            tensors,
            first_file: shard.first_file.unwrap_or(0) as u64,
            sources: shard.sources,
            images: shard.images,
            skipped_files: shard.skipped,
        })?;
        self.number += 1;
        Ok(())
    }

    /// Ends the last shard, and returns the files after it that were left out.
    ///
    /// # Errors
    /// If the disk fails.
    pub(super) fn finish(mut self) -> Result<Vec<SkippedFile>> {
        self.end_shard()?;
        Ok(self.shard.skipped)
    }
}
