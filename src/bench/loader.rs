//! What people use today beside the forward: torch's `DataLoader` running `hf` in worker processes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use anyhow::Result;
use patchmark_results::{Estimate, ProcessorRow};
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

/// Samples of each figure; a loader's workers disturb whatever runs beside them, so they are taken in one block.
const SAMPLES: usize = 5;
/// Batches in a sample at the least: prefetching evens out over a few. With workers they are two from each, as workers
/// that began together finish together, and a sample between would find all of its batches ready.
const BATCHES: usize = 4;

/// What was measured with one number of workers.
pub(super) struct Row {
    /// Without the rates, which depend on the forward.
    row: ProcessorRow,
    /// Images per second with each of the bench's forwards behind it, as far as it came.
    rates: Vec<Option<Estimate>>,
}

impl Row {
    /// The row as run number `run` holds it.
    pub(super) fn of_run(&self, bench: &Bench, run: usize) -> ProcessorRow {
        let rates = bench.forwards.iter().zip(&self.rates).filter(|(timed, _)| timed.run == run);
        let rates = rates.filter_map(|(timed, rate)| Some((timed.forward.name().to_owned(), (*rate)?)));
        ProcessorRow { pipelined_images_per_s: rates.collect(), ..self.row.clone() }
    }
}

/// One row per number of workers: `preprocess_ms` is the time until the next batch is on the device with nothing beside
/// it, the rate is that with a forward behind it. A loader that fails ends its row with the reason;
/// after Ctrl-C the rows that are left are left out.
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
        let mut row = Row {
            row: ProcessorRow::unmeasured(format!("loader-{workers}"), "PIL", true),
            rates: Vec::new(),
        };
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
    // The first batches are those that the workers start with; a loader computes on the CPU.
    let first = loader.next()?;
    row.row.parity = parity::compare(bench.references.process(images)?.of_host(), &first)?.status();
    for _ in 0..2 * workers {
        drop(loader.next()?);
    }
    let batches = BATCHES.max(2 * workers);
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

/// The batch on the device, submitted and not waited for.
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
