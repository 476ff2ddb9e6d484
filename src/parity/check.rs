//! Compares processors with the reference over a corpus of images.

use std::sync::Arc;

use anyhow::Result;
use patchmark_results::{
    Heat, ParityRow,
    parity::{CorpusImage, ImageDifference, ParityFailure, saved, size},
    text::first_line,
};
use tch::Device;

use super::{compare::compare, patches::heat};
use crate::{
    inputs::ModelInputs,
    processor::{self, FedBatch, Parameters, Processor, REFERENCE, References, StageClock},
    worker::Interrupted,
    workload::DecodedImage,
};

/// Images per call: enough that mixed sizes share a batch, few enough that large ones fit in memory.
const BATCH: usize = 8;

/// The result of a comparison over a corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The images that were compared, in order.
    pub images: Vec<CorpusImage>,
    /// One row per processor and `max_num_patches`.
    pub rows: Vec<ParityRow>,
    /// The processors that failed before the end of the corpus.
    pub failures: Vec<ParityFailure>,
}

/// Makes one processor of each kind with these parameters.
pub type MakeProcessors<'a> = dyn Fn(&Parameters) -> Result<Vec<Box<dyn Processor>>> + 'a;

/// What is compared.
pub struct Check<'a> {
    /// Makes the processors; the reference is skipped.
    pub make: &'a MakeProcessors<'a>,
    /// Their parameters, except `max_num_patches`.
    pub parameters: &'a Parameters,
    /// Values of `max_num_patches`.
    pub limits: &'a [usize],
    /// The device of the outputs.
    pub device: Device,
    /// Threads per processor.
    pub threads: usize,
    /// Images in the corpus.
    pub count: usize,
}

/// Runs each processor and the reference over the same batches.
///
/// `corpus` returns image number `i`, so that only one batch is in memory at a time. `progress` is called with the
/// number of images done; if it returns false, the check ends early. A candidate that fails is reported and skipped
/// from then on.
///
/// # Errors
/// If the reference fails, or the parameters are not supported.
pub fn check(
    asked: &Check<'_>,
    corpus: impl Fn(usize) -> Result<Arc<DecodedImage>>,
    mut progress: impl FnMut(usize) -> bool,
) -> Result<Compared> {
    let count = asked.count;
    let mut columns =
        asked.limits.iter().map(|&limit| Column::new(asked, limit)).collect::<Result<Vec<_>>>()?;
    let mut seen = Vec::new();
    'corpus: for start in (0..count).step_by(BATCH) {
        let images = (start..count.min(start + BATCH)).map(&corpus).collect::<Result<Vec<_>>>()?;
        for column in &mut columns {
            if !column.compare(start, &images)? {
                break 'corpus;
            }
        }
        seen.extend(images.iter().map(|image| CorpusImage {
            name: image.name.clone(),
            width: image.width,
            height: image.height,
        }));
        if !progress(start + images.len()) {
            break;
        }
    }
    let mut found = Compared { images: seen, rows: Vec::new(), failures: Vec::new() };
    for Candidate { row, failure, .. } in columns.into_iter().flat_map(|column| column.candidates) {
        // A row that was not compared to the end must not look complete, but a difference that was found is reported.
        if failure.is_none() || row.differing > 0 {
            found.rows.push(row);
        }
        found.failures.extend(failure);
    }
    Ok(found)
}

/// The reference and the candidates at one value of `max_num_patches`.
struct Column {
    reference: References,
    candidates: Vec<Candidate>,
}

/// A processor with what was found of it so far.
struct Candidate {
    processor: Box<dyn Processor>,
    row: ParityRow,
    failure: Option<ParityFailure>,
}

impl Column {
    fn new(asked: &Check<'_>, max_num_patches: usize) -> Result<Self> {
        let parameters = Parameters { max_num_patches, ..asked.parameters.clone() };
        let mut candidates = Vec::new();
        for processor in (asked.make)(&parameters)? {
            let name = processor.name();
            if name == REFERENCE {
                continue;
            }
            let row = ParityRow {
                processor: name.into(),
                max_num_patches,
                must_equal: processor::must_equal_reference(name),
                images: 0,
                values: 0,
                differing: 0,
                worst: Some(0.0),
                detail: String::new(),
                by_image: Vec::new(),
                heat: None,
            };
            candidates.push(Candidate { processor, row, failure: None });
        }
        Ok(Self { reference: References::new(&parameters, asked.device, asked.threads)?, candidates })
    }

    /// Compares every candidate that has not failed on a batch, whose first image is number `start` of the corpus. Returns
    /// false if Ctrl-C ended a worker's call.
    fn compare(&mut self, start: usize, images: &[Arc<DecodedImage>]) -> Result<bool> {
        let reference = self.reference.process(images)?;
        for Candidate { processor, row, failure } in &mut self.candidates {
            if failure.is_some() {
                continue;
            }
            let reference = reference.of(processor.name());
            let added = FedBatch::new(processor.feed(), images)
                .and_then(|batch| processor.process(&batch, &mut StageClock::disabled()))
                .and_then(|candidate| add(row, start, images, reference, &candidate));
            let Err(error) = added else { continue };
            if error.is::<Interrupted>() {
                return Ok(false);
            }
            *failure = Some(ParityFailure {
                processor: row.processor.clone(),
                max_num_patches: row.max_num_patches,
                images: row.images,
                reason: first_line(&format!("{error:#}")),
            });
        }
        Ok(true)
    }
}

/// Compares one batch, whose first image is number `start`, and adds what is found to the row.
fn add(
    row: &mut ParityRow,
    start: usize,
    images: &[Arc<DecodedImage>],
    reference: &ModelInputs,
    candidate: &ModelInputs,
) -> Result<()> {
    let found = compare(reference, candidate)?;
    row.images += images.len();
    row.values += found.total;
    row.differing += found.differing;
    if found.is_exact() {
        return Ok(());
    }
    if row.detail.is_empty() || found.worst > size(row.worst) {
        let image = &images[found.image.unwrap_or(0).min(images.len() - 1)];
        row.worst = saved(found.worst);
        row.detail = format!("{} ({}x{} px): {}", image.name, image.width, image.height, found.detail);
    }
    row.by_image.extend(found.images.iter().map(|image| ImageDifference {
        image: start + image.image,
        differing: image.differing,
        worst: saved(image.worst),
    }));
    let mut pixels: Vec<_> =
        found.images.iter().filter_map(|image| Some((image.image, image.pixels?))).collect();
    pixels.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (image, worst) in pixels {
        if row.heat.as_ref().is_some_and(|heat| heat.most() >= worst) {
            break;
        }
        let found = heat(reference, candidate, image, start + image)?;
        // The difference may be in the padding, which has no patches to show.
        if found.as_ref().map(Heat::most) > row.heat.as_ref().map(Heat::most) {
            row.heat = found;
        }
    }
    Ok(())
}
