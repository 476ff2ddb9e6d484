//! Takes one sample of a step.

use std::sync::atomic::Ordering;

use anyhow::Result;
use patchmark_results::{
    Journal,
    journal::{BatchSamples, Entry},
};
use patchmark_statistics::median;
use tch::Device;

use super::{BatchUnderTest, flows};
use crate::{
    bench::{
        pipeline::Source,
        {setup::Bench, step::Step},
    },
    interrupt::Interrupt,
    measure::{
        clock::{sample, time},
        failure::{caught, classify, reason},
    },
};

/// The approximate milliseconds of a sample that spans several forwards: long enough to make start-up negligible.
pub(in crate::bench) const PIPELINED_MS: f64 = 200.0;

impl BatchUnderTest<'_> {
    /// Takes one sample of a step, once the step before has left the CPU, and appends it to the journal. A processor or a
    /// forward that fails ends its own row with the reason. A sample of several forwards ends without a value once
    /// `interrupt` is set.
    ///
    /// # Errors
    /// If decoding or tokenising fails, or an error ends the whole run.
    pub(in crate::bench) fn take(
        &mut self,
        bench: &Bench,
        step: Step,
        journal: &mut Journal,
        interrupt: &Interrupt,
    ) -> Result<()> {
        bench.quiet.before_in(&bench.processes(), &self.label(bench, step));
        let mut fresh = self.samples.without_samples();
        let taken = self.sample(bench, step, interrupt, &mut fresh);
        journal.append(&Entry::Samples(fresh.clone()));
        self.samples.extend(fresh);
        taken
    }

    fn sample(
        &mut self,
        bench: &Bench,
        step: Step,
        interrupt: &Interrupt,
        fresh: &mut BatchSamples,
    ) -> Result<()> {
        match step {
            Step::Processor(index) => self.preprocess(bench, index, interrupt, fresh)?,
            Step::Forward(index) => self.forward(bench, index, fresh)?,
            Step::BackToBack(index) => self.back_to_back(bench, index, interrupt, fresh)?,
            Step::Pipelined(processor, forward) => {
                self.pipelined(bench, (processor, forward), interrupt, fresh)?
            }
            // On a GPU once is enough unless images per second include it: decoding takes far longer than everything else
            // there.
            Step::Decode if bench.device.is_cuda() && !bench.decode && !self.samples.decode_ms.is_empty() => {
            }
            Step::Decode => {
                let timed = time(Device::Cpu, || bench.decoders.decode(&self.encoded))?;
                fresh.decode_ms.push(timed.synchronized_ms);
                bench.decoders.reuse(timed.value);
            }
            Step::Flow(index) => self.flow(bench, index, interrupt, fresh)?,
            Step::MemoryLimit => {
                let timed = time(Device::Cpu, || {
                    self.limit.run();
                    Ok(())
                })?;
                fresh.memory_limit_ms.push(timed.synchronized_ms);
            }
            Step::Tokenize => {
                if let Some(tokenizer) = &bench.tokenizer {
                    let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
                    let timed = time(Device::Cpu, || tokenizer.encode(&texts))?;
                    fresh.tokenize_ms.push(timed.synchronized_ms);
                }
            }
        }
        Ok(())
    }

    fn flow(
        &self,
        bench: &Bench,
        index: usize,
        interrupt: &Interrupt,
        fresh: &mut BatchSamples,
    ) -> Result<()> {
        match (&bench.from_files, &self.files) {
            (Some(from_files), Some(files)) if self.samples.flows[index].failure.is_none() => {
                let flow = from_files.flows[index].as_ref();
                flows::take(bench, flow, files, interrupt, &mut fresh.flows[index])
            }
            _ => Ok(()),
        }
    }

    fn forward(&self, bench: &Bench, index: usize, fresh: &mut BatchSamples) -> Result<()> {
        let (known, passes) = (&self.samples.forwards[index], &mut fresh.forwards[index]);
        if known.failure.is_some() {
            return Ok(());
        }
        let timed = &bench.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(bench.device)?;
        match sample(bench.device, || timed.forward.forward(&self.inputs, text)) {
            Ok(timed) => {
                passes.forward_ms.push(timed.synchronized_ms);
                passes.launch_ms.push(timed.launch_ms);
                passes.device_ms.extend(timed.device_ms);
            }
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => {
                passes.failure = Some(reason(&error));
                return Ok(());
            }
        }
        self.behind_forward(bench, fresh)?;
        let passes = &mut fresh.forwards[index];
        if bench.stages && known.stage_failure.is_none() {
            match caught(|| timed.forward.positions_ms(&self.inputs, text)) {
                Ok(positions) => passes.positions_ms.extend(positions),
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => passes.stage_failure = Some(reason(&error)),
            }
        }
        Ok(())
    }

    fn back_to_back(
        &self,
        bench: &Bench,
        index: usize,
        interrupt: &Interrupt,
        fresh: &mut BatchSamples,
    ) -> Result<()> {
        let images = self.size();
        let (known, passes) = (&self.samples.forwards[index], &mut fresh.forwards[index]);
        if known.failure.is_some() {
            return Ok(());
        }
        let timed = &bench.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(bench.device)?;
        let count = passes_of_a_sample(median(&known.forward_ms));
        let taken = time(bench.device, || {
            for _ in 0..count {
                if interrupt.load(Ordering::Relaxed) {
                    return Ok(false);
                }
                drop(timed.forward.forward(&self.inputs, text)?);
            }
            Ok(true)
        });
        match taken {
            Ok(taken) if !taken.value => {}
            Ok(taken) => {
                passes.back_to_back_images_per_s.push((images * count) as f64 * 1e3 / taken.synchronized_ms);
            }
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => passes.failure = Some(reason(&error)),
        }
        Ok(())
    }

    fn pipelined(
        &self,
        bench: &Bench,
        (processor, forward): (usize, usize),
        interrupt: &Interrupt,
        fresh: &mut BatchSamples,
    ) -> Result<()> {
        let (known, passes) = (&self.samples.processors[processor], &self.samples.forwards[forward]);
        let row = &mut fresh.processors[processor];
        if known.failure.is_some() || known.pipeline_failure.is_some() || passes.failure.is_some() {
            return Ok(());
        }
        // The slower of the two sets the pace.
        let pace = median(&passes.forward_ms).max(median(&known.preprocess_ms));
        let count = passes_of_a_sample(pace);
        let source = if bench.decode {
            Source::Stored(self.encoded.iter().map(|&image| image.clone()).collect())
        } else {
            Source::Decoded(self.images.clone())
        };
        let timed = &bench.forwards[forward];
        timed.prepare(bench.device)?;
        let run = |count| {
            let preparer = &bench.preparers[processor];
            preparer.run(&source, timed.forward.as_ref(), timed.text(self.text), count, interrupt)
        };
        // The first run is a warm-up, in which the thread allocates its memory and makes its plans.
        let warm = if known.pipelined(forward).is_empty() { run(2).map(drop) } else { Ok(()) };
        match warm.and_then(|()| run(count)) {
            Ok(None) => {}
            Ok(Some(images_per_s)) => row.add_pipelined(forward, images_per_s),
            Err(error) if classify(&error).ends_the_run() => return Err(error),
            Err(error) => row.pipeline_failure = Some(reason(&error)),
        }
        Ok(())
    }
}

/// How many forwards of `ms` milliseconds (NaN before the first sample) make a sample that spans several. At least two,
/// because one batch cannot overlap with another.
fn passes_of_a_sample(ms: f64) -> usize {
    if ms > 0.0 { (PIPELINED_MS / ms).ceil().clamp(2.0, 32.0) as usize } else { 2 }
}
