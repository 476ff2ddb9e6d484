//! Overlap: the next batch is prepared while one is in the forward.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};
use tch::Device;

use crate::{
    inputs::ModelInputs,
    model::{Forward, TextInputs},
    processor::{FedBatch, Processor, StageClock},
    python::cuda::{self, Event},
    workload::{DecodedImage, EncodedImage},
};

/// Makes the processor of a name; called in the thread that prepares, which keeps it.
pub type MakeProcessor = Arc<dyn Fn(&'static str) -> Result<Box<dyn Processor>> + Send + Sync>;

/// Batches that wait for the forward: with the one in it and the one in the making, three are in memory.
const WAITING: usize = 1;

/// A batch, and when the device has it.
struct Prepared {
    inputs: ModelInputs,
    ready: Option<Event>,
}

/// What batches are prepared from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Images in host memory.
    Decoded(Vec<Arc<DecodedImage>>),
    /// Stored images, which are decoded anew for each batch.
    Stored(Vec<EncodedImage>),
}

impl Source {
    /// Images in a batch.
    fn len(&self) -> usize {
        match self {
            Self::Decoded(images) => images.len(),
            Self::Stored(images) => images.len(),
        }
    }
}

/// What a preparing thread is asked for: so many batches of these images.
struct Ask {
    source: Source,
    count: usize,
    replies: SyncSender<Result<Prepared>>,
}

/// A thread with a processor and, on a GPU, a stream of its own; dropping it ends it.
pub struct Preparer {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
    device: Device,
}

impl Preparer {
    /// Starts the thread, which decodes with `threads` others. That a processor cannot be made shows in the first
    /// batch.
    pub(super) fn start(
        name: &'static str,
        device: Device,
        make: MakeProcessor,
        threads: usize,
    ) -> Result<Self> {
        let (asks, received) = channel();
        let decoders = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .with_context(|| format!("failed to start {threads} threads"))?;
        let thread = thread::Builder::new()
            .name(format!("prepare {name}"))
            .spawn(move || serve(name, device, &make, &received, &decoders))
            .with_context(|| format!("failed to start a thread for {name}"))?;
        Ok(Self { asks: Some(asks), thread: Some(thread), device })
    }

    /// Images a second of `count` batches in a row, from the moment that the first is ready until the device has
    /// done `count` forwards and `count` more batches are prepared: neither filling the line nor emptying it counts.
    ///
    /// # Errors
    /// If the processor or the forward fails.
    pub(super) fn run(
        &self,
        source: &Source,
        forward: &dyn Forward,
        text: Option<&TextInputs>,
        count: usize,
    ) -> Result<f64> {
        let batches = self.ask(source, count + 1)?;
        let mut next = receive(&batches)?;
        let start = Instant::now();
        let mut running: Option<(ModelInputs, Option<Event>)> = None;
        for _ in 0..count {
            if let (Some(ready), Device::Cuda(index)) = (&next.ready, self.device) {
                ready.order(index)?;
            }
            drop(forward.forward(&next.inputs, text)?);
            // The inputs' memory belongs to the other stream, which would reuse it while the forward still reads.
            if let Some((inputs, Some(done))) = running.replace((next.inputs, mark(self.device)?)) {
                done.wait()?;
                drop(inputs);
            }
            next = receive(&batches)?;
        }
        if let Device::Cuda(index) = self.device {
            cuda::synchronize(index)?;
        }
        Ok((source.len() * count) as f64 / start.elapsed().as_secs_f64())
    }

    fn ask(&self, source: &Source, count: usize) -> Result<Receiver<Result<Prepared>>> {
        let (replies, batches) = sync_channel(WAITING);
        let asks = self.asks.as_ref().context("the preparing thread was ended")?;
        asks.send(Ask { source: source.clone(), count, replies })
            .map_err(|_| anyhow!("the preparing thread ended early"))?;
        Ok(batches)
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported when it happened, and nothing here depends on the thread any more.
            let _ = thread.join();
        }
    }
}

fn receive(batches: &Receiver<Result<Prepared>>) -> Result<Prepared> {
    batches.recv().context("the preparing thread ended early")?
}

/// The body of the preparing thread.
fn serve(
    name: &'static str,
    device: Device,
    make: &MakeProcessor,
    asks: &Receiver<Ask>,
    decoders: &ThreadPool,
) {
    let _no_grad = tch::no_grad_guard();
    // torch keeps the number by thread, and a new one may begin with what another processor set for its own.
    if let Ok(threads) = i32::try_from(decoders.current_num_threads()) {
        tch::set_num_threads(threads);
    }
    let made = || -> Result<Box<dyn Processor>> {
        if let Device::Cuda(index) = device {
            cuda::enter_new_stream(index)?;
        }
        make(name)
    };
    let made = made();
    let mut fed: HashMap<usize, FedBatch> = HashMap::new();
    for ask in asks {
        for _ in 0..ask.count {
            let batch = match &made {
                Ok(processor) => prepare(processor.as_ref(), device, &ask.source, &mut fed, decoders),
                Err(error) => Err(anyhow!("{error:#}")),
            };
            let failed = batch.is_err();
            // Whoever asked may have given up.
            if ask.replies.send(batch).is_err() || failed {
                break;
            }
        }
    }
}

fn prepare(
    processor: &dyn Processor,
    device: Device,
    source: &Source,
    fed: &mut HashMap<usize, FedBatch>,
    decoders: &ThreadPool,
) -> Result<Prepared> {
    let decoded;
    let batch = match source {
        // Images in the form that the processor takes are what a user holds: made once, in no time that counts.
        Source::Decoded(images) => match fed.entry(images.len()) {
            Entry::Occupied(known) => &*known.into_mut(),
            Entry::Vacant(place) => &*place.insert(FedBatch::new(processor.feed(), images)?),
        },
        Source::Stored(images) => {
            let decode = || images.par_iter().map(|image| image.decode().map(Arc::new)).collect();
            let images: Vec<Arc<DecodedImage>> = decoders.install::<_, Result<_>>(decode)?;
            decoded = FedBatch::new(processor.feed(), &images)?;
            &decoded
        }
    };
    let inputs = processor.process(batch, &mut StageClock::disabled())?;
    Ok(Prepared { inputs, ready: mark(device)? })
}

/// A point after what this thread has submitted, on a GPU.
fn mark(device: Device) -> Result<Option<Event>> {
    let Device::Cuda(index) = device else { return Ok(None) };
    let event = Event::new()?;
    event.record(index)?;
    Ok(Some(event))
}
