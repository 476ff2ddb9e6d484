//! One batch size under test: its inputs, and the samples of everything that is timed on it.

mod flows;
mod preprocessing;
mod timing;

use std::sync::{Arc, atomic::Ordering};

use anyhow::{Error, Result};
use patchmark_results::{
    ParityStatus,
    flows::label,
    journal::{BatchSamples, ForwardSamples, ProcessorSamples},
};

use super::{
    flows::Files,
    forwards::TimedForward,
    limit::MemoryLimit,
    needs,
    {setup::Bench, step::Step},
};
use crate::{
    inputs::ModelInputs,
    interrupt::Interrupt,
    measure::{
        clock::time,
        failure::{caught, classify, reason},
        memory::fits,
    },
    model::TextInputs,
    parity,
    processor::{FedBatch, REFERENCE, ReferenceOutputs, StageClock},
    worker::Interrupted,
    workload::{DecodedImage, EncodedImage},
};

pub(super) use timing::PIPELINED_MS;

/// One batch of a workload, with the samples of everything that is timed on it.
pub(super) struct BatchUnderTest<'a> {
    encoded: Vec<&'a EncodedImage>,
    /// The same for flows from files, if there are any.
    files: Option<Files<'a>>,
    images: Vec<Arc<DecodedImage>>,
    inputs: ModelInputs,
    text: Option<&'a TextInputs>,
    texts: Vec<String>,
    /// The batch in the form that each processor takes.
    fed: Vec<FedBatch>,
    limit: MemoryLimit,
    samples: BatchSamples,
}

impl<'a> BatchUnderTest<'a> {
    /// Feeds, warms up and compares every processor and every flow, and warms up every forward; takes no samples. `decode` holds
    /// decoding times that were taken earlier. Returns `None` if `interrupt` is set before it is done.
    ///
    /// # Errors
    /// If the reference fails, a processor's input cannot be made, or an error ends the whole run.
    pub(super) fn warm_up(
        bench: &Bench,
        images: &[Arc<DecodedImage>],
        encoded: Vec<&'a EncodedImage>,
        text: Option<&'a TextInputs>,
        decode: &[f64],
        interrupt: &Interrupt,
    ) -> Result<Option<Self>> {
        let reference = caught(|| bench.references.process(images))?;
        let Some((fed, processors)) = preprocesses(bench, images, &reference, interrupt)? else {
            return Ok(None);
        };
        let inputs = reference.on_device;
        let Some(forwards) = passes(bench, &inputs, text, interrupt)? else { return Ok(None) };
        let files = bench.from_files.as_ref().map(|_| Files::new(encoded.clone())).transpose()?;
        let Some(flows) = flows::warmed_up(bench, files.as_ref(), images, interrupt)? else {
            return Ok(None);
        };
        let limit = MemoryLimit::new(images, inputs.pixel_values.numel());
        Ok(Some(Self {
            texts: (0..images.len()).map(|index| format!("a photo of subject number {index}")).collect(),
            images: images.to_vec(),
            encoded,
            files,
            inputs,
            text,
            fed,
            limit,
            samples: BatchSamples {
                batch_size: images.len(),
                processors,
                forwards,
                flows,
                decode_ms: decode.to_vec(),
                ..BatchSamples::default()
            },
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

    /// The progress line's text for a step.
    pub(super) fn label(&self, bench: &Bench, step: Step) -> String {
        let what = match step {
            Step::Processor(index) => bench.processors[index].name().to_owned(),
            Step::Forward(index) => format!("forward {}", bench.label(index)),
            Step::BackToBack(index) => format!("forward {} back to back", bench.label(index)),
            Step::Pipelined(processor, forward) => {
                format!("{} into {}", bench.processors[processor].name(), bench.label(forward))
            }
            Step::Decode => "decode".into(),
            Step::Flow(index) => {
                // Every step is one of the bench's own.
                let flow = bench.from_files.as_ref().map(|from_files| &from_files.flows[index]);
                flow.map_or_else(String::new, |flow| label(flow.name(), flow.threads()))
            }
            Step::Tokenize => "tokenise".into(),
            Step::MemoryLimit => "memory limit".into(),
        };
        format!("batch {}: {what}", self.size())
    }

    /// The forwards of run number `run`, in the bench's order, each with its samples.
    pub(super) fn forwards_of<'b>(
        &'b self,
        bench: &'b Bench,
        run: usize,
    ) -> impl Iterator<Item = (&'b TimedForward, &'b ForwardSamples)> + use<'a, 'b> {
        bench.forwards.iter().zip(&self.samples.forwards).filter(move |(timed, _)| timed.run == run)
    }

    /// What was measured so far.
    pub(super) fn samples(&self) -> &BatchSamples {
        &self.samples
    }

    /// The model inputs that the reference made from this batch.
    pub(super) fn inputs(&self) -> &ModelInputs {
        &self.inputs
    }
}

/// The batch in the form that each processor takes, and whether the processor's outputs, from one call, are the
/// reference's; `None` if `interrupt` was set.
fn preprocesses(
    bench: &Bench,
    images: &[Arc<DecodedImage>],
    reference: &ReferenceOutputs,
    interrupt: &Interrupt,
) -> Result<Option<(Vec<FedBatch>, Vec<ProcessorSamples>)>> {
    let (mut forms, mut processors) = (Vec::new(), Vec::new());
    for processor in &bench.processors {
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let compared = caught(|| {
            fits(needs::of_processor(processor.as_ref(), images, reference)).map_err(Error::msg)?;
            let fed = FedBatch::new(processor.feed(), images)?;
            let outputs = processor.process(&fed, &mut StageClock::disabled())?;
            let parity = match processor.name() {
                REFERENCE => ParityStatus::Reference,
                name => parity::compare(reference.of(name), &outputs)?.status(),
            };
            Ok((fed, parity))
        });
        let (fed, parity, failure) = match compared {
            Ok((fed, parity)) => (fed, parity, None),
            Err(error) if error.is::<Interrupted>() => return Ok(None),
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            // A row that failed gets no calls.
            Err(error) => (FedBatch::Hwc(Vec::new()), ParityStatus::NotVerified, Some(reason(&error))),
        };
        forms.push(fed);
        processors.push(ProcessorSamples { parity: Some(parity), failure, ..ProcessorSamples::default() });
    }
    Ok(Some((forms, processors)))
}

/// Each forward, run once; `None` if `interrupt` was set.
fn passes(
    bench: &Bench,
    inputs: &ModelInputs,
    text: Option<&TextInputs>,
    interrupt: &Interrupt,
) -> Result<Option<Vec<ForwardSamples>>> {
    let mut forwards = Vec::new();
    for timed in &bench.forwards {
        if interrupt.load(Ordering::Relaxed) {
            return Ok(None);
        }
        timed.prepare(bench.device)?;
        let failure = match time(bench.device, || timed.forward.forward(inputs, timed.text(text))) {
            Ok(_) => None,
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => Some(reason(&error)),
        };
        forwards.push(ForwardSamples { failure, ..ForwardSamples::default() });
    }
    Ok(Some(forwards))
}
