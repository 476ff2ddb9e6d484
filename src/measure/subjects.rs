//! What is timed at one batch size, and the samples that gather.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use anyhow::Result;
use tch::Device;

use super::{
    bench::Interrupt,
    clock::{sample, time},
    failure::{classify, reason},
    forwards::TimedForward,
    limit::MemoryLimit,
    pipeline::{Preparer, Source},
    samples::{Passes, Preprocess},
    statistics,
};
use crate::{
    inputs::ModelInputs,
    model::{TextInputs, TextTokenizer},
    parity,
    processor::{FedBatch, Processor, REFERENCE, References, StageClock},
    report::schema::ParityStatus,
    workload::{DecodedImage, EncodedImage},
};

/// Milliseconds that the forwards of one pipelined sample take together, so that starting them does not count.
pub(super) const PIPELINED_MS: f64 = 200.0;

/// One thing that a round times once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Processor(usize),
    Forward(usize),
    /// A forward time after time, for pipelined rates to be held against.
    BackToBack(usize),
    /// A processor that prepares batches for a forward.
    Pipelined(usize, usize),
    Decode,
    Tokenize,
    MemoryLimit,
}

/// One batch of a workload with everything that is timed on it.
pub(super) struct BatchUnderTest<'a> {
    encoded: Vec<&'a EncodedImage>,
    images: Vec<Arc<DecodedImage>>,
    inputs: ModelInputs,
    text: Option<&'a TextInputs>,
    texts: Vec<String>,
    pub(super) processors: Vec<Preprocess>,
    pub(super) forwards: Vec<Passes>,
    pub(super) decode: Vec<f64>,
    pub(super) tokenize: Vec<f64>,
    limit: MemoryLimit,
    pub(super) limit_ms: Vec<f64>,
}

impl Subject {
    /// Whether a GPU works at it as it does in use.
    pub(super) fn is_forward(self) -> bool {
        matches!(self, Self::Forward(_) | Self::BackToBack(_) | Self::Pipelined(..))
    }
}

/// The things that batches of all sizes share.
pub(super) struct Shared<'a> {
    pub(super) processors: &'a [Box<dyn Processor>],
    pub(super) forwards: &'a [TimedForward],
    pub(super) references: &'a References,
    pub(super) tokenizer: Option<&'a TextTokenizer>,
    /// One a processor, where overlap is measured; else empty.
    pub(super) preparers: Vec<Preparer>,
    /// Whether they decode.
    pub(super) decode: bool,
    pub(super) device: Device,
    pub(super) stages: bool,
    /// Threads that a processor may use.
    pub(super) threads: usize,
    /// Runs that are measured together.
    pub(super) runs: usize,
}

impl Shared<'_> {
    /// What a reader calls the forward at `index`.
    fn label(&self, index: usize) -> String {
        self.forwards[index].label(self.runs > 1)
    }

    /// Every subject of a batch size in a round, in no order.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![Subject::Decode];
        // What one thread of a CPU reaches says nothing of a GPU.
        subjects.extend((!self.device.is_cuda()).then_some(Subject::MemoryLimit));
        subjects.extend(self.tokenizer.map(|_| Subject::Tokenize));
        subjects.extend((0..self.processors.len()).map(Subject::Processor));
        subjects.extend((0..self.forwards.len()).map(Subject::Forward));
        if !self.preparers.is_empty() {
            subjects.extend((0..self.forwards.len()).map(Subject::BackToBack));
        }
        for processor in 0..self.preparers.len() {
            subjects.extend((0..self.forwards.len()).map(|forward| Subject::Pipelined(processor, forward)));
        }
        subjects
    }
}

impl<'a> BatchUnderTest<'a> {
    /// Feeds, warms up and compares every processor; warms up every forward. Nothing is timed. `decode` are times that
    /// are known already. Returns none where `interrupt` was set before it was done.
    ///
    /// # Errors
    /// If the reference fails, or the device is lost.
    pub(super) fn warm_up(
        shared: &Shared<'_>,
        images: &[Arc<DecodedImage>],
        encoded: Vec<&'a EncodedImage>,
        text: Option<&'a TextInputs>,
        decode: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Option<Self>> {
        let right = shared.references.process(images)?;
        let mut processors = Vec::new();
        for processor in shared.processors {
            if interrupt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let fed = FedBatch::new(processor.feed(), images)?;
            let compared = processor.process(&fed, &mut StageClock::disabled()).and_then(|outputs| {
                Ok(match processor.name() {
                    REFERENCE => ParityStatus::Reference,
                    name => parity::compare(right.of(name), &outputs)?.status(),
                })
            });
            let (parity, failure) = match compared {
                Ok(parity) => (parity, None),
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => (ParityStatus::NotVerified, Some(reason(&error))),
            };
            processors.push(Preprocess {
                fed,
                samples: Vec::new(),
                device: Vec::new(),
                stages: BTreeMap::new(),
                pipelined: vec![Vec::new(); shared.forwards.len()],
                pipeline_failure: None,
                stage_failure: None,
                parity,
                failure,
            });
        }
        let inputs = right.on_device;
        let mut forwards = Vec::new();
        for timed in shared.forwards {
            if interrupt.load(Ordering::Relaxed) {
                return Ok(None);
            }
            timed.prepare(shared.device)?;
            let failure = match time(shared.device, || timed.forward.forward(&inputs, timed.text(text))) {
                Ok(_) => None,
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => Some(reason(&error)),
            };
            forwards.push(Passes { failure, ..Passes::default() });
        }
        let limit = MemoryLimit::new(images, inputs.pixel_values.numel());
        Ok(Some(Self {
            texts: (0..images.len()).map(|index| format!("a photo of subject number {index}")).collect(),
            images: images.to_vec(),
            encoded,
            inputs,
            text,
            processors,
            forwards,
            decode: decode.to_vec(),
            tokenize: Vec::new(),
            limit,
            limit_ms: Vec::new(),
        }))
    }

    /// Images in the batch.
    pub(super) fn size(&self) -> usize {
        self.images.len()
    }

    /// The decoded images.
    pub(super) fn images(&self) -> &[Arc<DecodedImage>] {
        &self.images
    }

    /// What the progress line says of a subject.
    pub(super) fn label(&self, shared: &Shared<'_>, subject: Subject) -> String {
        let what = match subject {
            Subject::Processor(index) => shared.processors[index].name().to_owned(),
            Subject::Forward(index) => format!("forward {}", shared.label(index)),
            Subject::BackToBack(index) => format!("forward {} time after time", shared.label(index)),
            Subject::Pipelined(processor, forward) => {
                format!("{} into {}", shared.processors[processor].name(), shared.label(forward))
            }
            Subject::Decode => "decode".into(),
            Subject::Tokenize => "tokenise".into(),
            Subject::MemoryLimit => "memory limit".into(),
        };
        format!("batch {}: {what}", self.size())
    }

    /// Times one subject once. A processor or a forward that fails ends its own row with the reason.
    ///
    /// # Errors
    /// If the device is lost, or decoding or tokenising fails.
    pub(super) fn take(&mut self, shared: &Shared<'_>, subject: Subject) -> Result<()> {
        match subject {
            Subject::Processor(index) => self.preprocess(shared, index)?,
            Subject::Forward(index) => self.forward(shared, index)?,
            Subject::BackToBack(index) => self.back_to_back(shared, index)?,
            Subject::Pipelined(processor, forward) => self.pipelined(shared, processor, forward)?,
            // On a GPU once is enough: it takes long there beside everything else, and is no part of any ratio.
            Subject::Decode if shared.device.is_cuda() && !self.decode.is_empty() => {}
            Subject::Decode => {
                let timed = time(Device::Cpu, || {
                    self.encoded.iter().map(|image| image.decode()).collect::<Result<Vec<_>>>()
                })?;
                self.decode.push(timed.synchronized_ms);
            }
            Subject::MemoryLimit => {
                let timed = time(Device::Cpu, || {
                    self.limit.run();
                    Ok(())
                })?;
                self.limit_ms.push(timed.synchronized_ms);
            }
            Subject::Tokenize => {
                if let Some(tokenizer) = shared.tokenizer {
                    let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
                    let timed = time(Device::Cpu, || tokenizer.encode(&texts))?;
                    self.tokenize.push(timed.synchronized_ms);
                }
            }
        }
        Ok(())
    }

    fn preprocess(&mut self, shared: &Shared<'_>, index: usize) -> Result<()> {
        let row = &mut self.processors[index];
        if row.failure.is_some() {
            return Ok(());
        }
        let processor = &shared.processors[index];
        match sample(shared.device, || processor.process(&row.fed, &mut StageClock::disabled())) {
            Ok(timed) => {
                row.samples.push(timed.synchronized_ms);
                row.device.extend(timed.device_ms);
            }
            Err(error) => {
                row.failure = Some(reason(&error));
                return if classify(&error).ends_the_run() { Err(error) } else { Ok(()) };
            }
        }
        if shared.stages && row.stage_failure.is_none() {
            // A pass of its own, so that reading the clock between stages is not in the headline time.
            let mut clock = StageClock::started(shared.device);
            match processor.process(&row.fed, &mut clock) {
                Ok(_) => {
                    for (&stage, &seconds) in clock.spent_s() {
                        row.stages.entry(stage).or_default().push(seconds * 1e3);
                    }
                }
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => row.stage_failure = Some(reason(&error)),
            }
        }
        Ok(())
    }

    fn forward(&mut self, shared: &Shared<'_>, index: usize) -> Result<()> {
        let passes = &mut self.forwards[index];
        if passes.failure.is_some() {
            return Ok(());
        }
        let timed = &shared.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(shared.device)?;
        match sample(shared.device, || timed.forward.forward(&self.inputs, text)) {
            Ok(timed) => {
                passes.synchronized.push(timed.synchronized_ms);
                passes.launch.push(timed.launch_ms);
                passes.device.extend(timed.device_ms);
            }
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => {
                passes.failure = Some(reason(&error));
                return Ok(());
            }
        }
        if shared.stages && passes.stage_failure.is_none() {
            match timed.forward.positions_ms(&self.inputs, text) {
                Ok(positions) => passes.positions.extend(positions),
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => passes.stage_failure = Some(reason(&error)),
            }
        }
        Ok(())
    }

    fn back_to_back(&mut self, shared: &Shared<'_>, index: usize) -> Result<()> {
        let images = self.size();
        let passes = &mut self.forwards[index];
        if passes.failure.is_some() {
            return Ok(());
        }
        let timed = &shared.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(shared.device)?;
        let count = passes_of_a_sample(statistics::median(&passes.synchronized));
        let taken = time(shared.device, || {
            for _ in 0..count {
                drop(timed.forward.forward(&self.inputs, text)?);
            }
            Ok(())
        });
        match taken {
            Ok(taken) => passes.back_to_back.push((images * count) as f64 * 1e3 / taken.synchronized_ms),
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => passes.failure = Some(reason(&error)),
        }
        Ok(())
    }

    fn pipelined(&mut self, shared: &Shared<'_>, processor: usize, forward: usize) -> Result<()> {
        let (row, passes) = (&mut self.processors[processor], &self.forwards[forward]);
        if row.failure.is_some() || row.pipeline_failure.is_some() || passes.failure.is_some() {
            return Ok(());
        }
        // The slower of the two sets the pace.
        let pace = statistics::median(&passes.synchronized).max(statistics::median(&row.samples));
        let count = passes_of_a_sample(pace);
        let source = if shared.decode {
            Source::Stored(self.encoded.iter().map(|&image| image.clone()).collect())
        } else {
            Source::Decoded(self.images.clone())
        };
        let timed = &shared.forwards[forward];
        timed.prepare(shared.device)?;
        let run = |count| {
            shared.preparers[processor].run(&source, timed.forward.as_ref(), timed.text(self.text), count)
        };
        // The first time, the thread's own memory and plans are made, which counts as warm-up.
        let warm = if row.pipelined[forward].is_empty() { run(2).map(drop) } else { Ok(()) };
        match warm.and_then(|()| run(count)) {
            Ok(images_per_s) => row.pipelined[forward].push(images_per_s),
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => row.pipeline_failure = Some(reason(&error)),
        }
        Ok(())
    }

    /// The forwards of a run, in their order, each with its samples.
    pub(super) fn forwards_of<'b>(
        &'b self,
        shared: &Shared<'b>,
        run: usize,
    ) -> impl Iterator<Item = (&'b TimedForward, &'b Passes)> + use<'a, 'b> {
        shared.forwards.iter().zip(&self.forwards).filter(move |(timed, _)| timed.run == run)
    }

    /// The reference's inputs of this batch.
    pub(super) fn inputs(&self) -> &ModelInputs {
        &self.inputs
    }
}

/// Forwards of a sample that spans several, each of so many milliseconds; NaN before the first is known. Two batches are
/// the least that overlap.
fn passes_of_a_sample(ms: f64) -> usize {
    if ms > 0.0 { (PIPELINED_MS / ms).ceil().clamp(2.0, 32.0) as usize } else { 2 }
}
