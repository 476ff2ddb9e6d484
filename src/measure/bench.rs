//! The bench: every subject in every round, then one run.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use tch::{Device, Tensor};

use super::{
    environment::environment,
    rounds::{Orders, end},
    subjects::{BatchUnderTest, Shared},
};
use crate::{
    model::{Forward, TextInputs, TextTokenizer},
    processor::Processor,
    report::schema::{Run, SCHEMA_VERSION, Settings},
    workload::Workload,
};

/// Set by Ctrl-C: the round is finished, and what was measured is saved as partial.
pub type Interrupt = AtomicBool;

/// Everything that a bench of one workload needs.
pub struct Bench<'a> {
    /// The processors, in the order of the table.
    pub processors: &'a [Box<dyn Processor>],
    /// The reference that outputs are compared with.
    pub reference: &'a dyn Processor,
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
    /// What was asked for, as it is saved.
    pub settings: Settings,
}

/// Measures one workload.
///
/// # Errors
/// If the reference or a forward fails; a failing processor only ends its own row.
pub fn bench(bench: &Bench<'_>, progress: &ProgressBar, interrupt: &Interrupt) -> Result<Run> {
    let started_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let started = Instant::now();
    let environment = environment()?;
    let shared = Shared {
        processors: bench.processors,
        forwards: bench.forwards,
        reference: bench.reference,
        tokenizer: bench.tokenizer,
        device: bench.device,
        stages: bench.stages,
        threads: bench.settings.threads,
    };

    let texts = bench.text.map(|text| bench.batch_sizes.iter().map(|&size| text.first(size)).collect());
    let texts: Vec<TextInputs> = texts.unwrap_or_else(|| Ok(Vec::new()))?;
    let mut batches = Vec::new();
    for (index, &size) in bench.batch_sizes.iter().enumerate() {
        progress.set_message(format!("warm-up, batch {size}"));
        progress.tick();
        let encoded = bench.workload.batch_encoded(size);
        let batch = BatchUnderTest::warm_up(&shared, &bench.workload.batch(size), encoded, texts.get(index))
            .with_context(|| format!("failed to warm up batch size {size}"))?;
        batches.push(batch);
        if interrupt.load(Ordering::Relaxed) {
            break;
        }
    }

    let mut notes = vec![agreement(&shared, &batches, texts.first())?];
    let subjects = batches
        .iter()
        .enumerate()
        .flat_map(|(batch, under_test)| {
            under_test.subjects(&shared).into_iter().map(move |subject| (batch, subject))
        })
        .collect();
    let mut orders = Orders::new(subjects, bench.settings.seed);
    let budget = Duration::from_secs_f64(bench.settings.budget_s);
    let measuring = Instant::now();
    let mut rounds = 0;
    let mut partial = false;
    loop {
        if interrupt.load(Ordering::Relaxed) {
            partial = true;
            notes.push(format!("interrupted after {rounds} rounds"));
            break;
        }
        let round_started = Instant::now();
        for (batch, subject) in orders.next() {
            let left = budget.saturating_sub(measuring.elapsed()).as_secs();
            let label = batches[batch].label(&shared, subject);
            progress.set_position(measuring.elapsed().as_millis() as u64);
            progress.set_message(format!("round {}, {label}, {left} s left at most", rounds + 1));
            batches[batch].take(&shared, subject)?;
        }
        rounds += 1;
        let widest = batches
            .iter()
            .map(BatchUnderTest::widest_interval)
            .try_fold(0.0, |widest: f64, width| Some(widest.max(width?)));
        if let Some(end) = end(rounds, measuring, round_started.elapsed(), budget, widest) {
            notes.push(end.sentence(rounds));
            break;
        }
    }
    notes.retain(|note| !note.is_empty());
    Ok(Run {
        schema_version: SCHEMA_VERSION,
        started_unix_s,
        elapsed_s: started.elapsed().as_secs_f64(),
        partial: partial || batches.len() < bench.batch_sizes.len(),
        notes,
        environment,
        gpu: None,
        settings: bench.settings.clone(),
        batches: batches.into_iter().map(|batch| batch.finish(&shared)).collect(),
    })
}

/// How far two forwards are apart on the first batch; empty where there is only one.
fn agreement(
    shared: &Shared<'_>,
    batches: &[BatchUnderTest<'_>],
    text: Option<&TextInputs>,
) -> Result<String> {
    let ([first, second, ..], Some(batch)) = (shared.forwards, batches.first()) else {
        return Ok(String::new());
    };
    let (one, other) = (first.forward(batch.inputs(), text)?, second.forward(batch.inputs(), text)?);
    let apart = |a: &Tensor, b: &Tensor| -> Result<f64> {
        let kind = tch::Kind::Double;
        Ok(a.f_to_kind(kind)?.f_subtract(&b.f_to_kind(kind)?)?.f_abs()?.f_max()?.f_double_value(&[])?)
    };
    Ok(format!(
        "the {} and {} forwards agree within {:.1e} on normalised image embeddings",
        first.name(),
        second.name(),
        apart(&one.image_embeds, &other.image_embeds)?
    ))
}
