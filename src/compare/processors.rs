//! Compares two processors in this process.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use patchmark_results::Round;
use patchmark_statistics::{Contest, RowName, median};
use tch::Device;

use super::{
    samples::{batch, calls},
    setup::Setup,
};
use crate::{
    inputs::ModelInputs,
    measure::{Quiet, failure::caught, parse_device, time},
    parity,
    processor::{self, FedBatch, Feed, Processor, StageClock},
    workload::{DecodedImage, Workload},
};

/// Two processors, or one compared with itself.
pub struct Processors {
    setup: Setup,
    device: Device,
    /// Base and candidate; if one could not be made, the reason, which every row gives.
    processors: [Result<Box<dyn Processor>, String>; 2],
    rows: Vec<Row>,
    names: Vec<RowName>,
    quiet: Quiet,
}

/// One batch in the form that each processor takes (`None` if one failed), and the number of calls per sample.
struct Row {
    fed: Option<[Arc<FedBatch>; 2]>,
    calls: usize,
}

/// A batch as a processor takes it, the outputs of the first call and the time of the second.
struct Warm {
    fed: Arc<FedBatch>,
    outputs: ModelInputs,
    ms: f64,
}

impl Processors {
    /// Makes both processors and warms them up on every batch. A processor that fails ends only its own rows.
    ///
    /// # Errors
    /// If the images or the device cannot be used.
    pub fn load(names: [&'static str; 2], setup: Setup, workloads: &[Workload]) -> Result<Self> {
        let device = parse_device(&setup.device)?;
        let make = |name| {
            processor::create(name, &setup.parameters, device, setup.threads)
                .map_err(|error| format!("{error:#}"))
        };
        let mut contest = Self {
            device,
            processors: names.map(make),
            rows: Vec::new(),
            names: Vec::new(),
            quiet: Quiet::default(),
            setup,
        };
        for workload in workloads {
            for batch_size in contest.setup.batch_sizes.clone() {
                let images = workload.batch(batch_size)?;
                contest.learn(names, &images, batch(&workload.name, batch_size))?;
            }
        }
        Ok(contest)
    }

    /// Calls both processors with a batch and adds the row.
    fn learn(&mut self, names: [&str; 2], images: &[Arc<DecodedImage>], batch: String) -> Result<()> {
        let mut batches = Batches { images, fed: Vec::new() };
        let warm = self.processors.each_ref().map(|processor| match processor {
            Ok(processor) => {
                self.warm_up(processor.as_ref(), &mut batches).map_err(|error| format!("{error:#}"))
            }
            Err(reason) => Err(reason.clone()),
        });
        let must = names.iter().all(|name| processor::must_equal_reference(name));
        let differ = match &warm {
            [Ok(base), Ok(candidate)] if must => {
                !parity::compare(&base.outputs, &candidate.outputs)?.is_exact()
            }
            _ => false,
        };
        let [base, candidate] = names;
        self.names.push(RowName {
            subject: match &self.processors[1] {
                Ok(processor) => format!("{candidate} ({})", processor.feed()),
                Err(_) => candidate.to_owned(),
            },
            batch,
            base_failure: warm[0].as_ref().err().cloned(),
            candidate_failure: warm[1].as_ref().err().cloned(),
            parity: differ.then(|| {
                format!("{candidate} and {base} differ in their outputs; `patchmark parity` says where")
            }),
        });
        self.rows.push(match warm {
            [Ok(base), Ok(candidate)] => {
                Row { calls: calls(base.ms.min(candidate.ms)), fed: Some([base.fed, candidate.fed]) }
            }
            _ => Row { fed: None, calls: 1 },
        });
        Ok(())
    }

    fn warm_up(&self, processor: &dyn Processor, batches: &mut Batches<'_>) -> Result<Warm> {
        let (fed, outputs) = caught(|| {
            let fed = batches.fed(processor.feed())?;
            let outputs = processor.process(&fed, &mut StageClock::disabled())?;
            Ok((fed, outputs))
        })?;
        let timed = time(self.device, || processor.process(&fed, &mut StageClock::disabled()))?;
        Ok(Warm { fed, outputs, ms: timed.synchronized_ms })
    }

    /// One sample: the median of the row's calls, made once the calls before have left the CPU.
    fn take(&self, place: usize, row: usize) -> Result<f64> {
        let Row { fed: Some(fed), calls } = &self.rows[row] else {
            return Err(anyhow!("the row was not loaded"));
        };
        let processor = self.processors[place].as_ref().map_err(|reason| anyhow!("{reason}"))?;
        let call = |_| {
            let timed = time(self.device, || processor.process(&fed[place], &mut StageClock::disabled()))?;
            Ok(timed.synchronized_ms)
        };
        self.quiet.before(processor.name());
        let times = (0..*calls).map(call).collect::<Result<Vec<f64>>>();
        times
            .map(|times| median(&times))
            .with_context(|| format!("{} failed while it was timed", processor.name()))
    }
}

impl Contest for Processors {
    fn rows(&self) -> &[RowName] {
        &self.names
    }

    fn restarts(&self) -> bool {
        false
    }

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }

    fn round(&mut self, row: usize, mirrored: bool) -> Result<Round> {
        let mut times = [[0.0; 2]; 2];
        let mut taken = [0; 2];
        for place in if mirrored { [1, 0, 0, 1] } else { [0, 1, 1, 0] } {
            times[place][taken[place]] = self.take(place, row)?;
            taken[place] += 1;
        }
        Ok(Round { base: times[0], candidate: self.setup.slowed(times[1]), ..Round::default() })
    }

    fn notes(&self) -> Vec<String> {
        self.quiet.notes()
    }
}

/// One batch in each form requested so far. Processors that take the same form share it, so that the images' place in
/// memory cannot make them differ.
struct Batches<'a> {
    images: &'a [Arc<DecodedImage>],
    fed: Vec<(Feed, Arc<FedBatch>)>,
}

impl Batches<'_> {
    fn fed(&mut self, feed: Feed) -> Result<Arc<FedBatch>> {
        if let Some((_, fed)) = self.fed.iter().find(|(form, _)| *form == feed) {
            return Ok(Arc::clone(fed));
        }
        // Only the reference count is needed: it never leaves this thread.
        #[expect(clippy::arc_with_non_send_sync, reason = "shared within one thread")]
        let fed = Arc::new(FedBatch::new(feed, self.images)?);
        self.fed.push((feed, Arc::clone(&fed)));
        Ok(fed)
    }
}
