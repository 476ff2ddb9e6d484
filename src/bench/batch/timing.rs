//! Takes one sample of a step.

use anyhow::Result;
use patchmark_statistics::bootstrap as statistics;
use tch::Device;

use super::BatchUnderTest;
use crate::{
    bench::{
        pipeline::Source,
        {setup::Bench, step::Step},
    },
    measure::{
        clock::{sample, time},
        failure::{classify, reason},
    },
    processor::StageClock,
};

/// The approximate milliseconds of a sample that spans several forwards: long enough to make start-up negligible.
pub(in crate::bench) const PIPELINED_MS: f64 = 200.0;

impl BatchUnderTest<'_> {
    /// Takes one sample of a step. A processor or a forward that fails ends its own row with the reason.
    ///
    /// # Errors
    /// If decoding or tokenising fails, or an error ends the whole run.
    pub(in crate::bench) fn take(&mut self, bench: &Bench, step: Step) -> Result<()> {
        match step {
            Step::Processor(index) => self.preprocess(bench, index)?,
            Step::Forward(index) => self.forward(bench, index)?,
            Step::BackToBack(index) => self.back_to_back(bench, index)?,
            Step::Pipelined(processor, forward) => self.pipelined(bench, processor, forward)?,
            // On a GPU once is enough: decoding takes far longer than everything else there, and no ratio uses it.
            Step::Decode if bench.device.is_cuda() && !self.decode.is_empty() => {}
            Step::Decode => {
                let timed = time(Device::Cpu, || {
                    self.encoded.iter().map(|image| image.decode()).collect::<Result<Vec<_>>>()
                })?;
                self.decode.push(timed.synchronized_ms);
            }
            Step::MemoryLimit => {
                let timed = time(Device::Cpu, || {
                    self.limit.run();
                    Ok(())
                })?;
                self.limit_ms.push(timed.synchronized_ms);
            }
            Step::Tokenize => {
                if let Some(tokenizer) = &bench.tokenizer {
                    let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
                    let timed = time(Device::Cpu, || tokenizer.encode(&texts))?;
                    self.tokenize.push(timed.synchronized_ms);
                }
            }
        }
        Ok(())
    }

    fn preprocess(&mut self, bench: &Bench, index: usize) -> Result<()> {
        let row = &mut self.processors[index];
        if row.failure.is_some() {
            return Ok(());
        }
        let processor = &bench.processors[index];
        match sample(bench.device, || processor.process(&row.fed, &mut StageClock::disabled())) {
            Ok(timed) => {
                row.samples.push(timed.synchronized_ms);
                row.device.extend(timed.device_ms);
            }
            Err(error) => {
                row.failure = Some(reason(&error));
                return if classify(&error).ends_the_run() { Err(error) } else { Ok(()) };
            }
        }
        if bench.stages && row.stage_failure.is_none() {
            // A separate pass, so that reading the clock between stages does not count in the headline time.
            let mut clock = StageClock::started(bench.device);
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

    fn forward(&mut self, bench: &Bench, index: usize) -> Result<()> {
        let passes = &mut self.forwards[index];
        if passes.failure.is_some() {
            return Ok(());
        }
        let timed = &bench.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(bench.device)?;
        match sample(bench.device, || timed.forward.forward(&self.inputs, text)) {
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
        if bench.stages && passes.stage_failure.is_none() {
            match timed.forward.positions_ms(&self.inputs, text) {
                Ok(positions) => passes.positions.extend(positions),
                Err(error) if classify(&error).ends_the_run() => return Err(error),
                Err(error) => passes.stage_failure = Some(reason(&error)),
            }
        }
        Ok(())
    }

    fn back_to_back(&mut self, bench: &Bench, index: usize) -> Result<()> {
        let images = self.size();
        let passes = &mut self.forwards[index];
        if passes.failure.is_some() {
            return Ok(());
        }
        let timed = &bench.forwards[index];
        let text = timed.text(self.text);
        timed.prepare(bench.device)?;
        let count = passes_of_a_sample(statistics::median(&passes.synchronized));
        let taken = time(bench.device, || {
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

    fn pipelined(&mut self, bench: &Bench, processor: usize, forward: usize) -> Result<()> {
        let (row, passes) = (&mut self.processors[processor], &self.forwards[forward]);
        if row.failure.is_some() || row.pipeline_failure.is_some() || passes.failure.is_some() {
            return Ok(());
        }
        // The slower of the two sets the pace.
        let pace = statistics::median(&passes.synchronized).max(statistics::median(&row.samples));
        let count = passes_of_a_sample(pace);
        let source = if bench.decode {
            Source::Stored(self.encoded.iter().map(|&image| image.clone()).collect())
        } else {
            Source::Decoded(self.images.clone())
        };
        let timed = &bench.forwards[forward];
        timed.prepare(bench.device)?;
        let run = |count| {
            bench.preparers[processor].run(&source, timed.forward.as_ref(), timed.text(self.text), count)
        };
        // The first run is a warm-up, in which the thread allocates its memory and makes its plans.
        let warm = if row.pipelined[forward].is_empty() { run(2).map(drop) } else { Ok(()) };
        match warm.and_then(|()| run(count)) {
            Ok(images_per_s) => row.pipelined[forward].push(images_per_s),
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
