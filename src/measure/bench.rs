//! The bench: every subject in every round, then one run.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Error, Result};
use indicatif::ProgressBar;
use tch::{Device, Tensor};

use super::{
    environment::environment,
    failure::{Failure, classify, reason},
    gpu::{self, GpuMonitor},
    loader::{self, Loaders},
    pipeline::{MakeProcessor, Preparer},
    rounds::{Orders, end},
    rows::not_measured,
    subjects::{BatchUnderTest, Shared},
};
use crate::{
    model::{Forward, TextInputs, TextTokenizer},
    processor::{Processor, References},
    report::schema::{Batch, Run, SCHEMA_VERSION, Settings},
    workload::Workload,
};

/// Set by Ctrl-C: the round is finished, and what was measured is saved as partial.
pub type Interrupt = AtomicBool;

/// Everything that a bench of one workload needs.
pub struct Bench<'a> {
    /// The processors, in the order of the table.
    pub processors: &'a [Box<dyn Processor>],
    /// What outputs are compared with.
    pub references: &'a References,
    /// The forwards; the first is the one that charts are drawn against.
    pub forwards: &'a [Box<dyn Forward>],
    /// Texts for the full model, one a row, at least as many as the largest batch.
    pub text: Option<&'a TextInputs>,
    /// The checkpoint's tokenizer, where it has one.
    pub tokenizer: Option<&'a TextTokenizer>,
    /// The images.
    pub workload: &'a Workload,
    /// Batch sizes in the order of the table.
    pub batch_sizes: &'a [usize],
    /// Where the forward runs.
    pub device: Device,
    /// Whether the time of each stage is taken too, in passes of their own.
    pub stages: bool,
    /// Makes the processors of the threads that prepare batches beside the forward, where overlap is measured.
    pub pipelined: Option<MakeProcessor>,
    /// torch's DataLoader as rows of its own, measured after the rounds; none where it was not asked for.
    pub loaders: Option<Loaders>,
    /// What was asked for, as it is saved.
    pub settings: Settings,
}

/// What a reader must know of the loaders' rows.
const LOADERS: &str = "loader-N is torch's DataLoader with N worker processes running hf: its ms/batch is the time until \
     the next batch is there, with nothing beside it; taken after the rounds, so no ratio is paired";

/// A batch size of a run: measured, or why not.
enum Size<'a> {
    UnderTest(Box<BatchUnderTest<'a>>),
    Failed(Batch),
}

impl<'a> Size<'a> {
    fn measured(&self) -> Option<&BatchUnderTest<'a>> {
        match self {
            Self::UnderTest(batch) => Some(batch),
            Self::Failed(_) => None,
        }
    }
}

/// Measures one workload.
///
/// A batch size for which there is no memory ends with its reason, and so does a processor that fails; the others
/// go on. Where the GPU is lost, what was measured before is returned, marked partial.
///
/// # Errors
/// If the reference or a forward fails for another reason.
pub fn bench(bench: &Bench<'_>, progress: &ProgressBar, interrupt: &Interrupt) -> Result<Run> {
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let environment = environment()?;
    let mut monitor = GpuMonitor::open(bench.device);
    let preparers = match &bench.pipelined {
        None => Vec::new(),
        Some(make) => {
            let names = bench.processors.iter().map(|processor| processor.name());
            names.map(|name| Preparer::start(name, bench.device, make.clone())).collect::<Result<_>>()?
        }
    };
    let shared = Shared {
        processors: bench.processors,
        forwards: bench.forwards,
        references: bench.references,
        tokenizer: bench.tokenizer,
        preparers,
        device: bench.device,
        stages: bench.stages,
        threads: bench.settings.threads,
    };

    let texts = bench.text.map(|text| bench.batch_sizes.iter().map(|&size| text.first(size)).collect());
    let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
    let mut notes = Vec::new();
    let mut sizes = Vec::new();
    let mut partial = false;
    for (index, &size) in bench.batch_sizes.iter().enumerate() {
        progress.set_message(format!("warm-up, batch {size}"));
        progress.tick();
        let encoded = bench.workload.batch_encoded(size);
        let images = bench.workload.batch(size);
        match BatchUnderTest::warm_up(&shared, &images, encoded, texts.get(index)) {
            Ok(batch) => sizes.push(Size::UnderTest(Box::new(batch))),
            Err(error) => match classify(&error) {
                Failure::OutOfMemory => {
                    sizes.push(Size::Failed(not_measured(&shared, size, &reason(&error))))
                }
                Failure::DeviceLost => {
                    notes.push(lost(&error, &format!("the warm-up of batch size {size}")));
                    partial = true;
                    break;
                }
                Failure::Other => {
                    return Err(error.context(format!("failed to warm up batch size {size}")));
                }
            },
        }
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
    }
    if !partial {
        let first = sizes.iter().position(|size| size.measured().is_some());
        let batch = first.and_then(|index| Some((sizes[index].measured()?, texts.get(index))));
        notes
            .extend(batch.and_then(|(batch, text)| agreement(&shared, batch, text).transpose()).transpose()?);
        match rounds(bench, &shared, &mut sizes, monitor.as_mut(), progress, interrupt) {
            Ok(end) => {
                partial = end.interrupted;
                notes.push(end.sentence);
            }
            Err(error) if classify(&error) == Failure::DeviceLost => {
                partial = true;
                notes.push(lost(&error, "measuring"));
            }
            Err(error) => return Err(error),
        }
    }
    let mut loader_rows = Vec::new();
    if let (Some(loaders), false) = (&bench.loaders, partial) {
        for (size, text) in sizes.iter().zip((0..).map(|index| texts.get(index))) {
            let Some(batch) = size.measured() else {
                loader_rows.push(Vec::new());
                continue;
            };
            progress.set_message(format!("torch's DataLoader, batch {}", batch.size()));
            match loader::rows(&shared, loaders, batch.images(), text) {
                Ok(rows) => loader_rows.push(rows),
                Err(error) => {
                    partial = true;
                    notes.push(lost(&error, "measuring torch's DataLoader"));
                    break;
                }
            }
        }
        notes.push(LOADERS.into());
    }
    let record = monitor.map(|monitor| monitor.record().clone());
    notes.extend(record.iter().flat_map(gpu::notes));
    notes.extend(sizes.iter().filter_map(Size::measured).flat_map(|batch| batch.notes(&shared)));
    Ok(Run {
        schema_version: SCHEMA_VERSION,
        started_unix_s,
        elapsed_s: started.elapsed().as_secs_f64(),
        partial: partial || sizes.len() < bench.batch_sizes.len(),
        notes,
        environment,
        gpu: record,
        settings: bench.settings.clone(),
        batches: sizes
            .into_iter()
            .zip(loader_rows.into_iter().chain(std::iter::repeat_with(Vec::new)))
            .map(|(size, loaders)| {
                let mut batch = match size {
                    Size::UnderTest(batch) => batch.finish(&shared),
                    Size::Failed(batch) => batch,
                };
                batch.processors.extend(loaders);
                batch
            })
            .collect(),
    })
}

/// How measuring ended.
struct End {
    sentence: String,
    interrupted: bool,
}

/// Rounds until the intervals are narrow, the budget is spent, or Ctrl-C.
fn rounds(
    bench: &Bench<'_>,
    shared: &Shared<'_>,
    sizes: &mut [Size<'_>],
    mut monitor: Option<&mut GpuMonitor>,
    progress: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<End> {
    let subjects = sizes
        .iter()
        .enumerate()
        .filter_map(|(index, size)| Some((index, size.measured()?)))
        .flat_map(|(index, batch)| batch.subjects(shared).into_iter().map(move |subject| (index, subject)))
        .collect();
    let mut orders = Orders::new(subjects, bench.settings.seed);
    let budget = Duration::from_secs_f64(bench.settings.budget_s);
    let measuring = Instant::now();
    let mut rounds = 0;
    loop {
        if interrupt.load(Ordering::Relaxed) {
            return Ok(End { sentence: format!("interrupted after {rounds} rounds"), interrupted: true });
        }
        let round_started = Instant::now();
        for (index, subject) in orders.next() {
            let Size::UnderTest(batch) = &mut sizes[index] else { continue };
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batch.label(shared, subject);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, {left} s left at most", rounds + 1));
            batch
                .take(shared, subject)
                .with_context(|| format!("failed in round {}, {label}", rounds + 1))?;
        }
        rounds += 1;
        if let Some(monitor) = &mut monitor {
            monitor.end_round();
        }
        let widest = sizes
            .iter()
            .filter_map(Size::measured)
            .map(BatchUnderTest::widest_interval)
            .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)));
        if let Some(end) = end(rounds, measuring, round_started.elapsed(), budget, widest) {
            return Ok(End { sentence: end.sentence(rounds), interrupted: false });
        }
    }
}

/// A sentence about a GPU that was lost.
fn lost(error: &Error, during: &str) -> String {
    format!("the GPU was lost during {during}, and only what was measured before is here: {}", reason(error))
}

/// How far two forwards are apart on a batch; none where there is only one, or no memory for one.
fn agreement(
    shared: &Shared<'_>,
    batch: &BatchUnderTest<'_>,
    text: Option<&TextInputs>,
) -> Result<Option<String>> {
    let [first, second, ..] = shared.forwards else { return Ok(None) };
    if batch.forwards.iter().any(|passes| passes.failure.is_some()) {
        return Ok(None);
    }
    let (one, other) = (first.forward(batch.inputs(), text)?, second.forward(batch.inputs(), text)?);
    let apart = |a: &Tensor, b: &Tensor| -> Result<f64> {
        let kind = tch::Kind::Double;
        Ok(a.f_to_kind(kind)?.f_subtract(&b.f_to_kind(kind)?)?.f_abs()?.f_max()?.f_double_value(&[])?)
    };
    Ok(Some(format!(
        "the {} and {} forwards agree within {:.1e} on normalised image embeddings",
        first.name(),
        second.name(),
        apart(&one.image_embeds, &other.image_embeds)?
    )))
}

#[cfg(test)]
#[path = "bench_tests.rs"]
mod tests;
