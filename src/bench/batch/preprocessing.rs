//! Takes samples of processors, of those in this process and of those in others.

use std::sync::atomic::Ordering;

use anyhow::{Error, Result};
use patchmark_results::journal::{BatchSamples, ProcessorSamples};
use patchmark_statistics::median;

use super::BatchUnderTest;
use crate::{
    bench::setup::Bench,
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

impl BatchUnderTest<'_> {
    pub(super) fn preprocess(
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

    /// Times one processor right behind a forward, without a wait: the processor with the fewest such samples, so that a
    /// round takes hardly longer. On a GPU, or with one thread, a forward leaves nothing on the CPU.
    pub(super) fn behind_forward(&self, bench: &Bench, fresh: &mut BatchSamples) -> Result<()> {
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
