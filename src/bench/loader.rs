//! What people use today to overlap preprocessing with the forward: torch's `DataLoader`, running `hf` in worker
//! processes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use anyhow::Result;
use patchmark_results::{Estimate, ProcessorRow, subjects};
use patchmark_statistics::bootstrap as statistics;
use tch::Device;

use super::setup::{Bench, Loaders};
use crate::{
    inputs::ModelInputs,
    interrupt::Interrupt,
    measure::{
        clock::time,
        failure::{Failure, classify, reason},
    },
    model::TextInputs,
    parity,
    processor::dataloader::Loader,
    python::cuda,
    workload::DecodedImage,
};

/// Samples of each figure. A loader's workers disturb everything else, so its samples are taken in one block.
const SAMPLES: usize = 5;
/// The minimum number of batches in a sample, over which prefetching evens out. A sample takes at least two from each
/// worker: workers that start together finish together, so a shorter sample could find all its batches ready.
const BATCHES: usize = 4;

/// What was measured with one number of workers.
pub(super) struct Row {
    /// The row without its rates, which depend on the forward.
    row: ProcessorRow,
    /// Images per second into each of the bench's forwards, up to the one that failed.
    rates: Vec<Option<Estimate>>,
}

impl Row {
    /// The row of run number `run`, with the rates of its forwards.
    pub(super) fn of_run(&self, bench: &Bench, run: usize) -> ProcessorRow {
        let rates = bench.forwards.iter().zip(&self.rates).filter(|(timed, _)| timed.run == run);
        let rates = rates.filter_map(|(timed, rate)| Some((timed.forward.name().to_owned(), (*rate)?)));
        ProcessorRow { pipelined_images_per_s: rates.collect(), ..self.row.clone() }
    }
}

/// One row per number of workers: `preprocess_ms` is the time until the next batch is on the device, with nothing else
/// running, and the rates are those into each forward. A loader that fails ends its row with the reason; after Ctrl-C
/// the remaining rows are left out.
///
/// # Errors
/// If the device is lost.
pub(super) fn rows(
    bench: &Bench,
    loaders: &Loaders,
    images: &[Arc<DecodedImage>],
    text: Option<&TextInputs>,
    interrupt: &Interrupt,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &workers in &loaders.workers {
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
        let mut row =
            Row { row: ProcessorRow::unmeasured(subjects::loader(workers), "PIL", true), rates: Vec::new() };
        match measure(bench, loaders, images, text, workers, &mut row) {
            Err(error) if classify(&error) == Failure::DeviceLost => return Err(error),
            Err(error) => row.row.failure = Some(reason(&error)),
            Ok(()) => {}
        }
        rows.push(row);
    }
    Ok(rows)
}

fn measure(
    bench: &Bench,
    loaders: &Loaders,
    images: &[Arc<DecodedImage>],
    text: Option<&TextInputs>,
    workers: usize,
    row: &mut Row,
) -> Result<()> {
    let loader = Loader::new(images, workers, &loaders.parameters, bench.device.is_cuda())?;
    // The loader computes on the CPU, so it is compared with the reference of the host.
    let first = loader.next()?;
    row.row.parity = parity::compare(bench.references.process(images)?.of_host(), &first)?.status();
    // Workers start with two batches each, which are a warm-up.
    for _ in 0..2 * workers {
        drop(loader.next()?);
    }
    let batches = BATCHES.max(2 * workers);
    bench.quiet.before(&format!("batch {}: {}", images.len(), row.row.name));
    let mut alone = Vec::new();
    for _ in 0..SAMPLES {
        let timed = time(bench.device, || {
            for _ in 0..batches {
                drop(upload(&loader.next()?, bench.device)?);
            }
            Ok(())
        })?;
        alone.push(timed.synchronized_ms / batches as f64);
    }
    row.row.preprocess_ms = statistics::summarize(alone);
    for timed in &bench.forwards {
        timed.prepare(bench.device)?;
        let text = timed.text(text);
        let mut rates = Vec::new();
        for _ in 0..SAMPLES {
            let start = Instant::now();
            for _ in 0..batches {
                let inputs = upload(&loader.next()?, bench.device)?;
                drop(timed.forward.forward(&inputs, text)?);
            }
            if let Device::Cuda(index) = bench.device {
                cuda::synchronize(index)?;
            }
            rates.push((images.len() * batches) as f64 / start.elapsed().as_secs_f64());
        }
        row.rates.push(statistics::estimate(&rates));
    }
    Ok(())
}

/// Copies a batch to the device, without waiting for a GPU to finish.
fn upload(inputs: &ModelInputs, device: Device) -> Result<ModelInputs> {
    if device == Device::Cpu {
        return Ok(inputs.shallow_clone());
    }
    let moved = |tensor: &tch::Tensor| tensor.f_internal_to_copy((tensor.kind(), device), true);
    Ok(ModelInputs {
        pixel_values: moved(&inputs.pixel_values)?,
        pixel_attention_mask: moved(&inputs.pixel_attention_mask)?,
        spatial_shapes: moved(&inputs.spatial_shapes)?,
        host_shapes: Some(inputs.spatial_shapes.shallow_clone()),
    })
}
