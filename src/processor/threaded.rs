//! The obvious first fix: the per-image loop in a thread pool.

use anyhow::{Context, Result};
use rayon::prelude::*;
use tch::{Device, Tensor};

use super::{
    FedBatch, Feed, Parameters, Processor, Stage, StageClock,
    naive::{LoopBody, stack},
};
use crate::inputs::ModelInputs;

/// The loop body of `naive`, as one task per image in a thread pool.
pub struct Threaded {
    loop_body: LoopBody,
    pool: rayon::ThreadPool,
    device: Device,
}

impl Threaded {
    /// A processor with a pool of `threads` threads and outputs on `device`.
    ///
    /// # Errors
    /// If a parameter is not supported or the system refuses the threads.
    pub fn new(parameters: &Parameters, device: Device, threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            // Otherwise torch would start its own pool in each of these threads.
            .start_handler(|_| tch::set_num_threads(1))
            .build()
            .with_context(|| format!("failed to start a thread pool of size {threads}"))?;
        Ok(Self { loop_body: LoopBody::new(parameters)?, pool, device })
    }
}

impl Processor for Threaded {
    fn name(&self) -> &'static str {
        "threaded"
    }

    fn feed(&self) -> Feed {
        Feed::Chw
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        let _no_grad = tch::no_grad_guard();
        // Tensors can be moved between threads but not shared, so each task gets its own handles.
        let tasks: Vec<(LoopBody, Tensor)> = batch
            .chw()?
            .iter()
            .map(|image| (self.loop_body.shallow_clone(), image.shallow_clone()))
            .collect();
        clock.mark(Stage::Convert);
        let images: Vec<_> = self.pool.install(|| {
            tasks
                .into_par_iter()
                .map(|(body, image)| {
                    let _no_grad = tch::no_grad_guard();
                    // The caller's thread uploads, because these threads do not have its current stream.
                    body.run(&image, Device::Cpu, &mut StageClock::disabled())
                })
                .collect::<Result<_>>()
        })?;
        // The stages of several images overlap, so all of them count as the longest stage.
        clock.mark(Stage::Resize);
        stack(images, self.device, clock)
    }
}
