//! Takes one sample of a step.

use std::sync::atomic::Ordering;

use anyhow::{Error, Result};
use patchmark_results::{
    Journal,
    journal::{BatchSamples, Entry, ProcessorSamples},
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
    processor::StageClock,
    worker::Interrupted,
};

/// Calls that take longer are not timed behind a forward: what its threads cost is lost in them, and a round would become
/// long.
const MOST_BEHIND_MS: f64 = 500.0;

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

    fn preprocess(
        &self,
        bench: &Bench,
        index: usize,
        interrupt: &Interrupt,
        fresh: &mut BatchSamples,
    ) -> Result<()> {
        let (fed, known, row) =
            (&self.fed[index], &self.samples.processors[index], &mut fresh.processors[index]);
        if known.failure.is_some() {
            return Ok(());
        }
        let processor = &bench.processors[index];
        let sampled = match processor.elsewhere() {
            Some(elsewhere) => elsewhere.time(fed).map(|ms| (ms, None)),
            None => sample(bench.device, || processor.process(fed, &mut StageClock::disabled()))
                .map(|timed| (timed.synchronized_ms, timed.device_ms)),
        };
        match sampled {
            Ok((ms, device_ms)) => {
                row.preprocess_ms.push(ms);
                row.device_ms.extend(device_ms);
            }
            Err(error) => return failed(error, row),
        }
        let seen = processor.elsewhere().is_none();
        if bench.stages && seen && known.stage_failure.is_none() && !interrupt.load(Ordering::Relaxed) {
            // A separate pass, so that reading the clock between stages does not count in the headline time.
            let mut clock = StageClock::started(bench.device);
            match caught(|| processor.process(fed, &mut clock)) {
                Ok(_) => {
                    for (&stage, &seconds) in clock.spent_s() {
                        row.stages_ms.entry(stage.name().into()).or_default().push(seconds * 1e3);
                    }
                }
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => row.stage_failure = Some(reason(&error)),
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

    /// Times one processor right behind a forward, without a wait: the processor with the fewest such samples, so that a
    /// round takes hardly longer. On a GPU, or with one thread, a forward leaves nothing on the CPU.
    fn behind_forward(&self, bench: &Bench, fresh: &mut BatchSamples) -> Result<()> {
        if bench.device.is_cuda() || bench.threads() == 1 {
            return Ok(());
        }
        let alone = |row: &ProcessorSamples| median(&row.preprocess_ms);
        let rows = self.samples.processors.iter().enumerate();
        let short = rows.filter(|(_, row)| row.failure.is_none() && alone(row) <= MOST_BEHIND_MS);
        let next = short.min_by(|(_, one), (_, other)| {
            let fewest = one.behind_forward_ms.len().cmp(&other.behind_forward_ms.len());
            fewest.then(alone(one).total_cmp(&alone(other)))
        });
        let Some((index, _)) = next else { return Ok(()) };
        let (processor, row) = (&bench.processors[index], &mut fresh.processors[index]);
        let fed = &self.fed[index];
        let timed = match processor.elsewhere() {
            Some(elsewhere) => elsewhere.time(fed),
            None => time(bench.device, || processor.process(fed, &mut StageClock::disabled()))
                .map(|timed| timed.synchronized_ms),
        };
        match timed {
            Ok(ms) => row.behind_forward_ms.push(ms),
            Err(error) => return failed(error, row),
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

/// Ends a processor's row with the reason, unless it is Ctrl-C.
///
/// # Errors
/// If the error ends the whole run.
fn failed(error: Error, row: &mut ProcessorSamples) -> Result<()> {
    if error.is::<Interrupted>() {
        return Ok(());
    }
    row.failure = Some(reason(&error));
    if classify(&error).ends_the_run() { Err(error) } else { Ok(()) }
}

/// How many forwards of `ms` milliseconds (NaN before the first sample) make a sample that spans several. At least two,
/// because one batch cannot overlap with another.
fn passes_of_a_sample(ms: f64) -> usize {
    if ms > 0.0 { (PIPELINED_MS / ms).ceil().clamp(2.0, 32.0) as usize } else { 2 }
}
