//! What is timed at one batch size, and the samples that gather.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use tch::Device;

use super::{clock::time, limit::MemoryLimit, statistics};
use crate::{
    inputs::ModelInputs,
    model::{Forward, TextInputs, TextTokenizer},
    parity,
    processor::{FedBatch, Processor, REFERENCE, Stage, StageClock},
    report::schema::{Batch, Estimate, ForwardRow, ParityStatus, ProcessorRow, Samples},
    workload::{DecodedImage, EncodedImage},
};

/// One thing that a round times once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Processor(usize),
    Forward(usize),
    Decode,
    Tokenize,
    MemoryLimit,
}

/// A processor's samples at one batch size; `None` in the rounds after it failed.
struct Preprocess {
    fed: FedBatch,
    samples: Vec<f64>,
    stages: BTreeMap<Stage, Vec<f64>>,
    parity: ParityStatus,
    failure: Option<String>,
}

/// A forward's samples at one batch size.
#[derive(Default)]
struct Passes {
    synchronized: Vec<f64>,
    launch: Vec<f64>,
}

/// One batch of a workload with everything that is timed on it.
pub(super) struct BatchUnderTest<'a> {
    encoded: Vec<&'a EncodedImage>,
    size: usize,
    inputs: ModelInputs,
    text: Option<&'a TextInputs>,
    texts: Vec<String>,
    processors: Vec<Preprocess>,
    forwards: Vec<Passes>,
    decode: Vec<f64>,
    tokenize: Vec<f64>,
    limit: MemoryLimit,
    limit_ms: Vec<f64>,
}

/// The things that batches of all sizes share.
pub(super) struct Shared<'a> {
    pub(super) processors: &'a [Box<dyn Processor>],
    pub(super) forwards: &'a [Box<dyn Forward>],
    pub(super) reference: &'a dyn Processor,
    pub(super) tokenizer: Option<&'a TextTokenizer>,
    pub(super) device: Device,
    pub(super) stages: bool,
    /// Threads that a processor may use.
    pub(super) threads: usize,
}

impl<'a> BatchUnderTest<'a> {
    /// Feeds, warms up and compares every processor; warms up every forward. Nothing is timed.
    pub(super) fn warm_up(
        shared: &Shared<'_>,
        images: &[Arc<DecodedImage>],
        encoded: Vec<&'a EncodedImage>,
        text: Option<&'a TextInputs>,
    ) -> Result<Self> {
        let run =
            |processor: &dyn Processor, fed: &FedBatch| processor.process(fed, &mut StageClock::disabled());
        let fed = FedBatch::new(shared.reference.feed(), images)?;
        let inputs = run(shared.reference, &fed)?;
        let mut processors = Vec::new();
        for processor in shared.processors {
            let fed = FedBatch::new(processor.feed(), images)?;
            let (parity, failure) = match run(processor.as_ref(), &fed) {
                Ok(_) if processor.name() == REFERENCE => (ParityStatus::Reference, None),
                Ok(outputs) => (parity::compare(&inputs, &outputs)?.status(), None),
                Err(error) => (ParityStatus::NotVerified, Some(format!("{error:#}"))),
            };
            processors.push(Preprocess {
                fed,
                samples: Vec::new(),
                stages: BTreeMap::new(),
                parity,
                failure,
            });
        }
        for forward in shared.forwards {
            forward.forward(&inputs, text)?;
        }
        let limit = MemoryLimit::new(images, inputs.pixel_values.numel());
        Ok(Self {
            size: images.len(),
            texts: (0..images.len()).map(|index| format!("a photo of subject number {index}")).collect(),
            encoded,
            inputs,
            text,
            processors,
            forwards: shared.forwards.iter().map(|_| Passes::default()).collect(),
            decode: Vec::new(),
            tokenize: Vec::new(),
            limit,
            limit_ms: Vec::new(),
        })
    }

    /// Every subject of a round, in no order.
    pub(super) fn subjects(&self, shared: &Shared<'_>) -> Vec<Subject> {
        let mut subjects = vec![Subject::Decode, Subject::MemoryLimit];
        subjects.extend(shared.tokenizer.map(|_| Subject::Tokenize));
        subjects.extend((0..self.processors.len()).map(Subject::Processor));
        subjects.extend((0..self.forwards.len()).map(Subject::Forward));
        subjects
    }

    /// What the progress line says of a subject.
    pub(super) fn label(&self, shared: &Shared<'_>, subject: Subject) -> String {
        let what = match subject {
            Subject::Processor(index) => shared.processors[index].name().to_owned(),
            Subject::Forward(index) => format!("forward {}", shared.forwards[index].name()),
            Subject::Decode => "decode".into(),
            Subject::Tokenize => "tokenise".into(),
            Subject::MemoryLimit => "memory limit".into(),
        };
        format!("batch {}: {what}", self.size)
    }

    /// Times one subject once. A processor that fails ends its row with the reason.
    pub(super) fn take(&mut self, shared: &Shared<'_>, subject: Subject) -> Result<()> {
        match subject {
            Subject::Processor(index) => self.preprocess(shared, index),
            Subject::Forward(index) => {
                let timed = time(shared.device, || shared.forwards[index].forward(&self.inputs, self.text));
                drop(timed.value?);
                self.forwards[index].synchronized.push(timed.synchronized_ms);
                self.forwards[index].launch.push(timed.launch_ms);
            }
            Subject::Decode => {
                let timed = time(Device::Cpu, || {
                    self.encoded.iter().map(|image| image.decode()).collect::<Result<Vec<_>>>()
                });
                drop(timed.value?);
                self.decode.push(timed.synchronized_ms);
            }
            Subject::MemoryLimit => {
                let timed = time(Device::Cpu, || self.limit.run());
                self.limit_ms.push(timed.synchronized_ms);
            }
            Subject::Tokenize => {
                if let Some(tokenizer) = shared.tokenizer {
                    let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
                    let timed = time(Device::Cpu, || tokenizer.encode(&texts));
                    drop(timed.value?);
                    self.tokenize.push(timed.synchronized_ms);
                }
            }
        }
        Ok(())
    }

    fn preprocess(&mut self, shared: &Shared<'_>, index: usize) {
        let row = &mut self.processors[index];
        if row.failure.is_some() {
            return;
        }
        let processor = &shared.processors[index];
        let timed = time(shared.device, || processor.process(&row.fed, &mut StageClock::disabled()));
        if let Err(error) = timed.value {
            row.failure = Some(format!("{error:#}"));
            return;
        }
        row.samples.push(timed.synchronized_ms);
        if shared.stages {
            // A pass of its own, so that reading the clock between stages is not in the headline time.
            let mut clock = StageClock::started();
            if processor.process(&row.fed, &mut clock).is_ok() {
                for (&stage, &seconds) in clock.spent_s() {
                    row.stages.entry(stage).or_default().push(seconds * 1e3);
                }
            }
        }
    }

    /// The widest relative half-width of a ratio's interval, or none before there is one.
    pub(super) fn widest_interval(&self) -> Option<f64> {
        self.processors
            .iter()
            .filter(|row| row.failure.is_none())
            .flat_map(|row| self.forwards.iter().map(|passes| ratio(&row.samples, &passes.synchronized)))
            .map(|ratio| ratio.map(|ratio| (ratio.high - ratio.low) / (2.0 * ratio.median)))
            .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)))
    }

    /// The summary of all samples.
    pub(super) fn finish(self, shared: &Shared<'_>) -> Batch {
        let hf = shared
            .processors
            .iter()
            .zip(&self.processors)
            .find(|(processor, row)| processor.name() == REFERENCE && row.failure.is_none())
            .map(|(_, row)| row.samples.clone());
        let named = |combine: &dyn Fn(&[f64]) -> Option<Estimate>| -> BTreeMap<String, Estimate> {
            shared
                .forwards
                .iter()
                .zip(&self.forwards)
                .filter_map(|(forward, passes)| {
                    Some((forward.name().to_owned(), combine(&passes.synchronized)?))
                })
                .collect()
        };
        let images = self.size as f64;
        let processors = shared
            .processors
            .iter()
            .zip(&self.processors)
            .map(|(processor, row)| ProcessorRow {
                name: processor.name().into(),
                feed: processor.feed().to_string(),
                preprocess_ms: statistics::summarize(row.samples.clone()),
                ratio: named(&|forward| ratio(&row.samples, forward)),
                images_per_s: named(&|forward| {
                    statistics::paired(&row.samples, forward, |preprocess, forward| {
                        images * 1e3 / (preprocess + forward)
                    })
                }),
                pipelined_images_per_s: BTreeMap::new(),
                memory_limit_share: (shared.device == Device::Cpu && shared.threads == 1)
                    .then(|| statistics::paired(&self.limit_ms, &row.samples, |limit, own| limit / own))
                    .flatten(),
                speedup_over_hf: hf
                    .as_ref()
                    .and_then(|hf| statistics::paired(hf, &row.samples, |hf, own| hf / own)),
                stages_ms: row
                    .stages
                    .iter()
                    .map(|(stage, samples)| (stage.name().into(), statistics::median(samples)))
                    .collect(),
                parity: row.parity.clone(),
                failure: row.failure.clone(),
            })
            .collect();
        let summarized = |samples: &[f64]| -> Samples { statistics::summarize(samples.to_vec()) };
        Batch {
            batch_size: self.size,
            decode_ms: summarized(&self.decode),
            memory_limit_ms: Some(summarized(&self.limit_ms)),
            tokenize_ms: shared.tokenizer.map(|_| summarized(&self.tokenize)),
            forwards: shared
                .forwards
                .iter()
                .zip(&self.forwards)
                .map(|(forward, passes)| ForwardRow {
                    name: forward.name().into(),
                    forward_ms: summarized(&passes.synchronized),
                    launch_ms: summarized(&passes.launch),
                })
                .collect(),
            processors,
        }
    }

    /// The reference's inputs of this batch.
    pub(super) fn inputs(&self) -> &ModelInputs {
        &self.inputs
    }
}

/// Preprocess over forward, paired by round.
fn ratio(preprocess: &[f64], forward: &[f64]) -> Option<Estimate> {
    statistics::paired(preprocess, forward, |preprocess, forward| preprocess / forward)
}
