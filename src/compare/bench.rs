//! Processors with their batches, warmed up and ready to be timed one call at a time.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result};
use tch::{Device, Kind};

use super::protocol::{LoadedRow, Setup};
use crate::{
    inputs::ModelInputs,
    measure::{parse_device, statistics::median, time},
    processor::{self, FedBatch, Feed, Parameters, Processor, StageClock},
    workload::{DecodedImage, ImageSource, Sizes, Workload},
};

/// A sample is the median of enough calls to take this long.
const SAMPLE_MS: f64 = 8.0;

/// One processor on one batch.
struct Subject {
    processor: usize,
    fed: Arc<FedBatch>,
}

/// Everything that a [`Setup`] asks for.
pub(super) struct Bench {
    processors: Vec<Box<dyn Processor>>,
    subjects: Vec<Option<Subject>>,
    device: Device,
    slowdown: f64,
}

impl Bench {
    /// Loads the images, makes the processors and warms up every row.
    ///
    /// A processor that this build lacks, or that fails, only ends its own rows.
    pub(super) fn load(setup: &Setup) -> Result<(Self, Vec<LoadedRow>)> {
        let device = parse_device(&setup.device)?;
        let sizes: Sizes = setup.sizes.parse()?;
        let source = setup.images.clone().map_or(ImageSource::BuiltIn, ImageSource::Folder);
        let workloads = Workload::load_all(&source, &sizes)?;
        let parameters = parameters(setup)?;
        let mut bench =
            Self { processors: Vec::new(), subjects: Vec::new(), device, slowdown: setup.slowdown };
        let mut made = Vec::new();
        for name in &setup.processors {
            made.push(processor::create(name, &parameters, device, setup.threads).map(|processor| {
                bench.processors.push(processor);
                bench.processors.len() - 1
            }));
        }
        let mut rows = Vec::new();
        for workload in &workloads {
            for &batch_size in &setup.batch_sizes {
                let mut batches = Batches::new(workload.batch(batch_size)?);
                for (name, made) in setup.processors.iter().zip(&made) {
                    let mut row = LoadedRow {
                        processor: name.clone(),
                        feed: String::new(),
                        workload: workload.name.clone(),
                        batch_size,
                        digest: 0,
                        warm_ms: 0.0,
                        failure: None,
                    };
                    let subject = match made {
                        Ok(index) => bench.warm_up(*index, &mut batches, &mut row),
                        Err(error) => Err(anyhow::anyhow!("{error:#}")),
                    };
                    bench
                        .subjects
                        .push(subject.map_err(|error| row.failure = Some(format!("{error:#}"))).ok());
                    rows.push(row);
                }
            }
        }
        Ok((bench, rows))
    }

    fn warm_up(&self, index: usize, batches: &mut Batches, row: &mut LoadedRow) -> Result<Subject> {
        let processor = &self.processors[index];
        let fed = batches.fed(processor.feed())?;
        row.feed = processor.feed().to_string();
        let outputs = processor.process(&fed, &mut StageClock::disabled())?;
        row.digest = digest(&outputs)?;
        drop(outputs);
        let timed = time(self.device, || processor.process(&fed, &mut StageClock::disabled()))?;
        row.warm_ms = timed.synchronized_ms;
        Ok(Subject { processor: index, fed })
    }

    /// The median milliseconds of `repeats` calls of a row: one preempted call does not count.
    pub(super) fn take(&self, row: usize, repeats: u32) -> Result<f64> {
        let subject = self.subjects.get(row).and_then(Option::as_ref).context("the row was not loaded")?;
        let mut calls = Vec::with_capacity(repeats as usize);
        for _ in 0..repeats.max(1) {
            calls.push(self.call(subject)?);
        }
        Ok(median(&calls))
    }

    fn call(&self, subject: &Subject) -> Result<f64> {
        let processor = &self.processors[subject.processor];
        let timed = time(self.device, || {
            let started = Instant::now();
            let outputs = processor.process(&subject.fed, &mut StageClock::disabled());
            if self.slowdown > 0.0 {
                let longer = started.elapsed().mul_f64(1.0 + self.slowdown);
                while started.elapsed() < longer {
                    std::hint::spin_loop();
                }
            }
            outputs
        })?;
        Ok(timed.synchronized_ms)
    }
}

/// How many calls make one sample.
pub(super) fn repeats(warm_ms: f64) -> u32 {
    if warm_ms > 0.0 { (SAMPLE_MS / warm_ms).ceil().clamp(1.0, 64.0) as u32 } else { 1 }
}

/// One batch in each form that was asked for. Rows of one form share it, so that two subjects do
/// not differ by where their images lie in memory.
struct Batches {
    images: Vec<Arc<DecodedImage>>,
    fed: Vec<(Feed, Arc<FedBatch>)>,
}

impl Batches {
    fn new(images: Vec<Arc<DecodedImage>>) -> Self {
        Self { images, fed: Vec::new() }
    }

    fn fed(&mut self, feed: Feed) -> Result<Arc<FedBatch>> {
        if let Some((_, fed)) = self.fed.iter().find(|(form, _)| *form == feed) {
            return Ok(Arc::clone(fed));
        }
        // Not sent to another thread: a reference count is all that is wanted.
        #[expect(clippy::arc_with_non_send_sync, reason = "shared within one thread")]
        let fed = Arc::new(FedBatch::new(feed, &self.images)?);
        self.fed.push((feed, Arc::clone(&fed)));
        Ok(fed)
    }
}

fn parameters(setup: &Setup) -> Result<Parameters> {
    let mut parameters = match &setup.preprocessor {
        Some(file) => Parameters::read(file)?,
        None => Parameters::default(),
    };
    parameters.max_num_patches = setup.max_num_patches.unwrap_or(parameters.max_num_patches);
    parameters.patch_size = setup.patch_size.unwrap_or(parameters.patch_size);
    parameters.validate()?;
    Ok(parameters)
}

/// FNV-1a over dtypes, shapes and bytes: the same in every build.
fn digest(outputs: &ModelInputs) -> Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |word: u64| hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
    for (name, tensor) in outputs.named() {
        name.bytes().for_each(|byte| add(u64::from(byte)));
        format!("{:?}{:?}", tensor.kind(), tensor.size()).bytes().for_each(|byte| add(u64::from(byte)));
        let host = tensor.f_to(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
        // Bits, not values: a negative zero or another NaN is another output.
        let kind = if host.kind() == Kind::Int64 { Kind::Int64 } else { Kind::Int };
        let bits = host.f_view_dtype(kind)?.f_to_kind(Kind::Int64)?;
        for word in Vec::<i64>::try_from(&bits)? {
            add(word as u64);
        }
    }
    Ok(hash)
}
