//! Decoding, processing and writing, each at work on another group of images.

use std::{
    mem,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::{Context, Result, anyhow};
use patchmark_results::{InputError, SkippedFile, input_error, shards::SourceFile};

use super::{
    buffers::Buffers,
    decoding::{self, Decoding, Opened, OpenedFile},
    job::Job,
    writer::{FileOutcome, Processed, Writer},
};
use crate::{
    inputs::ModelInputs,
    measure::failure::{Failure, caught, classify},
    processor::{FedBatch, StageClock},
    workload::DecodedImage,
};

/// How a pipeline ended.
pub(super) enum Ended {
    /// Every file is processed; these, after the last shard, were left out.
    Done(Vec<SkippedFile>),
    /// A signal was heard.
    Interrupted,
}

/// A group of decoded images under way to the processor: the files and their images, in order.
type Batch = (Vec<(usize, SourceFile, FileOutcome)>, Vec<Arc<DecodedImage>>);

/// Sends what `decoding` gives through the processor to `writer`. While one group is processed, the next is decoded and the
/// one before is written.
///
/// # Errors
/// If a file is bad and bad files are not left out, the processor fails, or the disk does.
pub(super) fn run(
    job: &Job<'_>,
    buffers: &Buffers,
    decoding: Decoding<'_>,
    writer: Writer<'_>,
) -> Result<Ended> {
    thread::scope(|scope| {
        // A decoded group takes much memory, so it waits with its thread; tensors take less.
        let (decoded, groups) = sync_channel(0);
        let (processed, to_write) = sync_channel(1);
        let name = |name: &str| thread::Builder::new().name(name.to_owned());
        name("decode")
            .spawn_scoped(scope, move || decode(decoding, &decoded))
            .context("failed to start a thread")?;
        let writing = name("write").spawn_scoped(scope, move || write(writer, &to_write));
        let writing = writing.context("failed to start a thread")?;
        let sent = process(job, buffers, groups, processed);
        let written = writing.join().map_err(|_| anyhow!("the thread that writes ended early"))?;
        // If writing failed, processing ended because of it.
        let skipped = written?;
        Ok(if sent? { Ended::Done(skipped) } else { Ended::Interrupted })
    })
}

/// The body of the decoding thread. The receiver is gone if processing has ended.
fn decode(mut decoding: Decoding<'_>, groups: &SyncSender<Result<Vec<OpenedFile>>>) {
    while let Some(group) = caught(|| decoding.next_group()).transpose() {
        let failed = group.is_err();
        if groups.send(group).is_err() || failed {
            return;
        }
    }
}

/// The body of the writing thread.
fn write(mut writer: Writer<'_>, groups: &Receiver<Result<Processed, ()>>) -> Result<Vec<SkippedFile>> {
    for group in groups {
        // Processing ended early, so the last shard is not whole.
        let Ok(group) = group else { return Ok(Vec::new()) };
        writer.push(group)?;
    }
    writer.finish()
}

/// Processes every group, and says whether it was the last; it is not if a signal was heard.
fn process(
    job: &Job<'_>,
    buffers: &Buffers,
    groups: Receiver<Result<Vec<OpenedFile>>>,
    processed: SyncSender<Result<Processed, ()>>,
) -> Result<bool> {
    let result = groups.into_iter().try_for_each(|group| {
        let group = group.map_err(Some)?;
        let files = group.len() as u64;
        for part in parts(job, buffers, group).map_err(Some)? {
            if job.interrupt.load(Ordering::Relaxed) {
                return Err(None);
            }
            // The receiver is gone if writing failed, and then the reason is known there.
            processed.send(Ok(part)).map_err(|_| None)?;
        }
        job.bar.inc(files);
        Ok(())
    });
    match result {
        Ok(()) => Ok(true),
        Err(ended) => {
            // Writing may have ended by itself.
            let _ = processed.send(Err(()));
            ended.map_or(Ok(false), Err)
        }
    }
}

/// A group processed: as one batch if nothing stands in the way.
fn parts(job: &Job<'_>, buffers: &Buffers, group: Vec<OpenedFile>) -> Result<Vec<Processed>> {
    let mut parts = Vec::new();
    let mut batch: Batch = Default::default();
    for OpenedFile { index, source, opened } in group {
        match opened {
            Opened::Image(image) => {
                let size = (image.width as u64, image.height as u64);
                batch.0.push((index, source, FileOutcome::Row(Some(size))));
                batch.1.push(image);
            }
            Opened::Skipped(file) => batch.0.push((index, source, FileOutcome::Skipped(file))),
            Opened::SixteenBit(error) => {
                parts.extend(images(job, buffers, mem::take(&mut batch))?);
                parts.push(sixteen_bit(job, index, source, error)?);
            }
        }
    }
    parts.extend(images(job, buffers, batch)?);
    Ok(parts)
}

/// Decoded images processed as one batch, or one by one if that fails, to find the one at fault.
fn images(job: &Job<'_>, buffers: &Buffers, (files, images): Batch) -> Result<Vec<Processed>> {
    if images.is_empty() {
        return Ok(if files.is_empty() { Vec::new() } else { vec![Processed { files, inputs: None }] });
    }
    let run = |images: &[_]| {
        caught(|| {
            let fed = FedBatch::new(job.processor.feed(), images)?;
            job.processor.process(&fed, &mut StageClock::disabled())
        })
    };
    match run(&images) {
        Ok(inputs) => {
            buffers.give_back(images);
            return Ok(vec![Processed { files, inputs: Some(inputs) }]);
        }
        Err(error) if ends_everything(&error) => return Err(error),
        Err(_) => {}
    }
    let mut images = images.into_iter();
    let one_by_one = files.into_iter().map(|(index, source, outcome)| match outcome {
        FileOutcome::Skipped(_) => Ok(Processed { files: vec![(index, source, outcome)], inputs: None }),
        FileOutcome::Row(_) => {
            let image = images.next().context("a file has no image")?;
            let inputs = run(&[image]);
            one(job, index, source, outcome, inputs)
        }
    });
    one_by_one.collect()
}

/// A file of 16 bits per channel, which only transformers' own processor takes.
fn sixteen_bit(job: &Job<'_>, index: usize, source: SourceFile, error: anyhow::Error) -> Result<Processed> {
    let file = &job.files[index];
    let inputs = match file.path().filter(|_| job.reads_files) {
        None => Err(error),
        Some(path) => caught(|| {
            let fed = FedBatch::of_files(&[path])?;
            job.processor.process(&fed, &mut StageClock::disabled())
        }),
    };
    one(job, index, source, FileOutcome::Row(None), inputs)
}

/// A single image, or why it is left out.
fn one(
    job: &Job<'_>,
    index: usize,
    source: SourceFile,
    row: FileOutcome,
    inputs: Result<ModelInputs>,
) -> Result<Processed> {
    match inputs {
        Ok(inputs) => Ok(Processed { files: vec![(index, source, row)], inputs: Some(inputs) }),
        Err(error) if ends_everything(&error) => Err(error),
        Err(error) => {
            let file = &job.files[index];
            let error = if error.is::<InputError>() {
                error
            } else {
                input_error!("{} cannot be processed by {}: {error:#}", file.name(), job.processor.name())
            };
            let skipped = decoding::skipped(file, error, job.skip_bad_files)?;
            Ok(Processed { files: vec![(index, source, FileOutcome::Skipped(skipped))], inputs: None })
        }
    }
}

/// Whether an error is no fault of the image.
fn ends_everything(error: &anyhow::Error) -> bool {
    matches!(classify(error), Failure::DeviceLost | Failure::OutOfMemory)
}
