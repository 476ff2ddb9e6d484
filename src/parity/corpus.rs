//! Processors against the reference over a corpus of images.

use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;
use tch::Device;

use super::compare;
use crate::{
    processor::{self, FedBatch, Parameters, Processor, REFERENCE, References, StageClock},
    workload::DecodedImage,
};

/// Images a call: enough that mixed sizes share a batch, few enough that large ones fit in memory.
const BATCH: usize = 8;

/// The result of a corpus, one row a processor and patch limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parity {
    /// One a processor and `max_num_patches`.
    pub rows: Vec<Row>,
}

/// One processor at one `max_num_patches`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The processor's name.
    pub processor: String,
    /// Patches that images are padded to.
    pub max_num_patches: usize,
    /// Images compared.
    pub images: usize,
    /// Values compared, of all three tensors.
    pub values: u64,
    /// Values that differ.
    pub differing: u64,
    /// The largest absolute difference.
    pub worst: f64,
    /// Where the worst difference is, or the first broken contract; empty where all is equal.
    pub detail: String,
}

/// What is compared.
#[derive(Debug)]
pub struct Check<'a> {
    /// Processors; the reference among them is passed over.
    pub names: &'a [&'static str],
    /// What they compute, but for `max_num_patches`.
    pub parameters: &'a Parameters,
    /// Values of `max_num_patches`.
    pub limits: &'a [usize],
    /// Where outputs end.
    pub device: Device,
    /// Threads of a processor.
    pub threads: usize,
    /// Images in the corpus.
    pub count: usize,
}

/// Runs each processor and the reference over the same batches.
///
/// `corpus` gives image number `i`, so that only one batch is in memory; `progress` is called with
/// the number of images done; where it returns false, the check ends early.
///
/// # Errors
/// If a processor fails, or the parameters cannot be served.
pub fn check(
    asked: &Check<'_>,
    corpus: impl Fn(usize) -> Result<Arc<DecodedImage>>,
    mut progress: impl FnMut(usize) -> bool,
) -> Result<Parity> {
    let &Check { names, parameters, limits, device, threads, count } = asked;
    struct Column {
        reference: References,
        candidates: Vec<(Box<dyn Processor>, Row)>,
    }
    let mut columns = Vec::new();
    for &max_num_patches in limits {
        let parameters = Parameters { max_num_patches, ..parameters.clone() };
        let create = |name| processor::create(name, &parameters, device, threads);
        let mut candidates = Vec::new();
        for &name in names.iter().filter(|name| **name != REFERENCE) {
            let row = Row {
                processor: name.into(),
                max_num_patches,
                images: 0,
                values: 0,
                differing: 0,
                worst: 0.0,
                detail: String::new(),
            };
            candidates.push((create(name)?, row));
        }
        columns.push(Column { reference: References::new(&parameters, device, threads)?, candidates });
    }

    for start in (0..count).step_by(BATCH) {
        let images = (start..count.min(start + BATCH)).map(&corpus).collect::<Result<Vec<_>>>()?;
        for column in &mut columns {
            let run = |processor: &dyn Processor| {
                processor.process(&FedBatch::new(processor.feed(), &images)?, &mut StageClock::disabled())
            };
            let right = column.reference.process(&images)?;
            for (candidate, row) in &mut column.candidates {
                let found = compare(right.of(candidate.name()), &run(candidate.as_ref())?)?;
                row.images += images.len();
                row.values += found.total;
                row.differing += found.differing;
                if !found.is_exact() && (row.detail.is_empty() || found.worst > row.worst) {
                    let image = &images[found.image.unwrap_or(0).min(images.len() - 1)];
                    row.worst = found.worst;
                    row.detail =
                        format!("{} ({}x{} px): {}", image.name, image.width, image.height, found.detail);
                }
            }
        }
        if !progress(start + images.len()) {
            break;
        }
    }
    let rows = columns.into_iter().flat_map(|column| column.candidates).map(|(_, row)| row).collect();
    Ok(Parity { rows })
}
