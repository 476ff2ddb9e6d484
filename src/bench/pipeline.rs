//! Overlap: a thread prepares the next batch while the forward runs.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use tch::Device;

use super::decoders::Decoders;
use crate::{
    inputs::ModelInputs,
    interrupt::Interrupt,
    measure::failure::caught,
    model::{Forward, TextInputs},
    processor::{FedBatch, Processor, StageClock},
    python::cuda::{self, Event},
    workload::{DecodedImage, EncodedImage},
};

/// Makes the processor with a name; called in the preparing thread, which keeps the processor.
pub type MakeProcessor = Arc<dyn Fn(&str) -> Result<Box<dyn Processor>> + Send + Sync>;

/// Batches that may wait for the forward. The one being prepared, the one in the forward and the one before it, which
/// is still held, are in memory too: four in all.
const WAITING: usize = 1;

/// A batch, and the event that a GPU reaches once it is ready.
struct Prepared {
    inputs: ModelInputs,
    ready: Option<Event>,
}

/// What batches are prepared from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Images in host memory.
    Decoded(Vec<Arc<DecodedImage>>),
    /// Stored images, which are decoded again for each batch.
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

/// A request to a preparing thread for `count` batches of `source`.
struct Ask {
    source: Source,
    count: usize,
    replies: SyncSender<Result<Prepared>>,
}

/// A thread with its own processor and, on a GPU, its own stream; dropping it ends the thread.
pub struct Preparer {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
    device: Device,
}

impl Preparer {
    /// Starts the thread, and `threads` more in which it decodes. If the processor cannot be made, the first batch
    /// fails with the reason.
    pub(super) fn start(name: &str, device: Device, make: MakeProcessor, threads: usize) -> Result<Self> {
        let (asks, received) = channel();
        let decoders = Decoders::new(threads)?;
        let named = name.to_owned();
        let thread = thread::Builder::new()
            .name(format!("prepare {name}"))
            .spawn(move || serve(&named, device, &make, &received, threads, &decoders))
            .with_context(|| format!("failed to start a thread for {name}"))?;
        Ok(Self { asks: Some(asks), thread: Some(thread), device })
    }

    /// Images per second over `count` batches, from when the first is ready until the device has done `count` forwards
    /// and `count` more batches are prepared: neither filling the pipeline nor emptying it counts.
    ///
    /// Returns `None` once `interrupt` is set.
    ///
    /// # Errors
    /// If the processor or the forward fails.
    pub(super) fn run(
        &self,
        source: &Source,
        forward: &dyn Forward,
        text: Option<&TextInputs>,
        count: usize,
        interrupt: &Interrupt,
    ) -> Result<Option<f64>> {
        let batches = self.ask(source, count + 1)?;
        let mut next = receive(&batches)?;
        let start = Instant::now();
        let mut running: Option<(ModelInputs, Option<Event>)> = None;
        for _ in 0..count {
            if interrupt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let (Some(ready), Device::Cuda(index)) = (&next.ready, self.device) {
                ready.order(index)?;
            }
            drop(forward.forward(&next.inputs, text)?);
            // The inputs' memory belongs to the other stream, which could reuse it while the forward still reads it.
            if let Some((inputs, Some(done))) = running.replace((next.inputs, mark(self.device)?)) {
                done.wait()?;
                drop(inputs);
            }
            next = receive(&batches)?;
        }
        if let Device::Cuda(index) = self.device {
            cuda::synchronize(index)?;
        }
        Ok(Some((source.len() * count) as f64 / start.elapsed().as_secs_f64()))
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
            // A panic in the thread was reported when it happened, and nothing depends on the thread any more.
            let _ = thread.join();
        }
    }
}

fn receive(batches: &Receiver<Result<Prepared>>) -> Result<Prepared> {
    batches.recv().context("the preparing thread ended early")?
}

/// The body of the preparing thread.
fn serve(
    name: &str,
    device: Device,
    make: &MakeProcessor,
    asks: &Receiver<Ask>,
    threads: usize,
    decoders: &Decoders,
) {
    let _no_grad = tch::no_grad_guard();
    // torch keeps this number per thread, and a new thread may inherit what another processor set.
    if let Ok(threads) = i32::try_from(threads) {
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
                Ok(processor) => {
                    caught(|| prepare(processor.as_ref(), device, &ask.source, &mut fed, decoders))
                }
                Err(error) => Err(anyhow!("{error:#}")),
            };
            let failed = batch.is_err();
            // The receiver is gone if the forward failed.
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
    decoders: &Decoders,
) -> Result<Prepared> {
    let process = |batch: &FedBatch| processor.process(batch, &mut StageClock::disabled());
    let inputs = match source {
        // Users already hold images in the form that the processor takes, so it is made once per batch size, untimed.
        Source::Decoded(images) => match fed.entry(images.len()) {
            Entry::Occupied(known) => process(known.get())?,
            Entry::Vacant(place) => process(place.insert(FedBatch::new(processor.feed(), images)?))?,
        },
        Source::Stored(files) => {
            let files: Vec<&EncodedImage> = files.iter().collect();
            let images = decoders.decode(&files)?;
            let inputs = process(&FedBatch::new(processor.feed(), &images)?)?;
            decoders.reuse(images);
            inputs
        }
    };
    Ok(Prepared { inputs, ready: mark(device)? })
}

/// An event after all work that this thread has submitted; `None` on a CPU.
fn mark(device: Device) -> Result<Option<Event>> {
    let Device::Cuda(index) = device else { return Ok(None) };
    let event = Event::new()?;
    event.record(index)?;
    Ok(Some(event))
}
