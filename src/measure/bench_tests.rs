//! Failures of memory and of the device, played by fakes.

use std::{
    cell::Cell,
    sync::{Arc, atomic::AtomicUsize},
};

use anyhow::bail;
use tch::Tensor;

use super::*;
use crate::{
    inputs::ModelInputs,
    measure::Precision,
    model::{Forward, ModelOutputs, Tower},
    processor::{FedBatch, Feed, Parameters, StageClock, create},
    workload::ImageSource,
};

const OUT_OF_MEMORY: &str = "CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc";
const LOST: &str = "CUDA error: unspecified launch failure";

/// `batched` until a batch is too large or too many were processed.
struct Fragile {
    inner: Box<dyn Processor>,
    largest: usize,
    calls_left: Cell<usize>,
    failure: &'static str,
}

impl Fragile {
    fn boxed(largest: usize, calls_left: usize, failure: &'static str) -> Box<dyn Processor> {
        let inner = create("batched", &Parameters::default(), Device::Cpu, 1).unwrap();
        Box::new(Self { inner, largest, calls_left: Cell::new(calls_left), failure })
    }
}

impl Processor for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn feed(&self) -> Feed {
        Feed::Hwc
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        if batch.hwc()?.len() > self.largest || self.calls_left.get() == 0 {
            bail!(self.failure);
        }
        self.calls_left.set(self.calls_left.get() - 1);
        self.inner.process(batch, clock)
    }
}

/// A forward that returns at once, and has no memory for more than `largest` images.
struct Quick {
    largest: i64,
}

impl Forward for Quick {
    fn name(&self) -> &str {
        "quick"
    }

    fn forward(&self, inputs: &ModelInputs, _: Option<&TextInputs>) -> Result<ModelOutputs> {
        let (images, _, _) = inputs.pixel_values.size3()?;
        if images > self.largest {
            bail!(OUT_OF_MEMORY);
        }
        let image_embeds = Tensor::f_ones([images, 4], (Kind::Float, Device::Cpu))?;
        Ok(ModelOutputs { image_embeds, text_embeds: None, logits_per_image: None })
    }
}

fn measure(
    processors: &[Box<dyn Processor>],
    forward: Quick,
    pipelined: Option<MakeProcessor>,
    batch_sizes: &[usize],
) -> Run {
    measure_from(processors, Box::new(forward), pipelined, false, batch_sizes)
}

fn measure_from(
    processors: &[Box<dyn Processor>],
    forward: Box<dyn Forward>,
    pipelined: Option<MakeProcessor>,
    decode: bool,
    batch_sizes: &[usize],
) -> Run {
    let asked = Asked { pipelined, decode, batch_sizes, ..Asked::default() };
    asked.bench(processors, &[in_run(0, forward)], &Interrupt::new(false)).remove(0)
}

/// A forward whose times go into run number `run`.
fn in_run(run: usize, forward: Box<dyn Forward>) -> TimedForward {
    TimedForward { forward, precision: Precision::F32, tower: Tower::Vision, run }
}

/// What the tests vary.
struct Asked<'a> {
    pipelined: Option<MakeProcessor>,
    decode: bool,
    stages: bool,
    batch_sizes: &'a [usize],
    dtypes: &'a [&'a str],
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self { pipelined: None, decode: false, stages: false, batch_sizes: &[1], dtypes: &["f32"] }
    }
}

impl Asked<'_> {
    fn bench(
        self,
        processors: &[Box<dyn Processor>],
        forwards: &[TimedForward],
        interrupt: &Interrupt,
    ) -> Vec<Run> {
        let workloads = Workload::load_all(&ImageSource::BuiltIn, &"64x48".parse().unwrap()).unwrap();
        let settings = |dtype: &&str| Settings {
            budget_s: 0.01,
            threads: 1,
            dtype: (*dtype).into(),
            ..Settings::default()
        };
        let asked = Bench {
            processors,
            references: &References::new(&Parameters::default(), Device::Cpu, 1).unwrap(),
            forwards,
            text: None,
            tokenizer: None,
            workload: &workloads[0],
            batch_sizes: self.batch_sizes,
            device: Device::Cpu,
            stages: self.stages,
            pipelined: self.pipelined,
            decode: self.decode,
            decode_ms: BTreeMap::new(),
            loaders: None,
            settings: self.dtypes.iter().map(settings).collect(),
        };
        bench(&asked, &ProgressBar::hidden(), interrupt).unwrap()
    }
}

fn naive() -> Box<dyn Processor> {
    create("naive", &Parameters::default(), Device::Cpu, 1).unwrap()
}

#[test]
fn a_processor_without_memory_ends_its_row_and_the_others_go_on() {
    let run = measure(&[Fragile::boxed(1, 99, OUT_OF_MEMORY), naive()], Quick { largest: 99 }, None, &[1, 2]);
    let [one, two] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    assert!(!run.partial);
    assert_eq!(one.processors[0].failure, None);
    assert_eq!(one.processors[0].preprocess_ms.samples.len(), 3);
    // The first line says it; the trace is left out.
    assert_eq!(two.processors[0].failure.as_deref(), OUT_OF_MEMORY.lines().next());
    assert!(two.processors[0].preprocess_ms.samples.is_empty());
    assert_eq!(two.processors[1].preprocess_ms.samples.len(), 3);
}

#[test]
fn a_forward_without_memory_ends_and_preprocessing_is_still_measured() {
    let run = measure(&[naive()], Quick { largest: 1 }, None, &[1, 2]);
    let [one, two] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    assert!(one.processors[0].ratio.contains_key("quick"));
    assert!(two.processors[0].ratio.is_empty());
    assert!(two.forwards[0].forward_ms.samples.is_empty());
    assert_eq!(two.processors[0].preprocess_ms.samples.len(), 3);
    assert!(
        run.notes.iter().any(|note| note.contains("batch 2: the quick forward ended early")),
        "{:?}",
        run.notes
    );
}

/// A forward that fails as a library does.
struct Broken;

impl Forward for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn forward(&self, _: &ModelInputs, _: Option<&TextInputs>) -> Result<ModelOutputs> {
        bail!("Expected the plan to be good")
    }
}

#[test]
fn a_forward_that_fails_otherwise_leaves_preprocessing_too() {
    let run = measure_from(&[naive()], Box::new(Broken), None, false, &[1]);
    assert!(!run.partial && run.batches[0].forwards[0].forward_ms.samples.is_empty());
    assert!(run.batches[0].processors[0].preprocess_ms.samples.len() >= 3);
    assert!(run.notes.iter().any(|note| note.contains("Expected the plan to be good")), "{:?}", run.notes);
}

#[test]
fn a_lost_device_ends_the_run_with_what_was_measured() {
    // One call warms up, two are measured, the fourth finds the device gone.
    let run = measure(&[Fragile::boxed(99, 3, LOST), naive()], Quick { largest: 99 }, None, &[1]);
    assert!(run.partial);
    assert_eq!(run.batches[0].processors[0].preprocess_ms.samples.len(), 2);
    assert!(run.batches[0].processors[1].preprocess_ms.samples.len() >= 2);
    let note = run.notes.iter().find(|note| note.contains("the GPU was lost")).expect("a note");
    assert!(note.contains(LOST) && note.contains("round 3"), "{note}");
}

#[test]
fn a_device_that_is_lost_in_the_warm_up_leaves_a_partial_run() {
    let run = measure(&[Fragile::boxed(1, 99, LOST), naive()], Quick { largest: 99 }, None, &[1, 2]);
    assert!(run.partial);
    assert_eq!(run.batches.len(), 1);
    assert!(run.notes[0].contains("warm up batch size 2"), "{:?}", run.notes);
}

#[test]
fn batches_are_prepared_in_a_thread_and_reported_by_forward() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let make: MakeProcessor = Arc::new(move |name| {
        counter.fetch_add(1, Ordering::Relaxed);
        create(name, &Parameters::default(), Device::Cpu, 1)
    });
    let run = measure(&[naive()], Quick { largest: 99 }, Some(make), &[1, 2]);
    assert_eq!(made.load(Ordering::Relaxed), 1, "one thread serves every batch size");
    for batch in &run.batches {
        assert!(batch.forwards[0].back_to_back_images_per_s.expect("a rate").low > 0.0);
        let rate = batch.processors[0].pipelined_images_per_s.get("quick").expect("a rate");
        assert!(rate.low > 0.0 && rate.low <= rate.median && rate.median <= rate.high);
    }
}

#[test]
fn what_fails_beside_the_forward_ends_only_the_overlap() {
    let make: MakeProcessor = Arc::new(|_| Ok(Fragile::boxed(1, 99, OUT_OF_MEMORY)));
    let run = measure(&[naive()], Quick { largest: 99 }, Some(make), &[1, 2]);
    let [one, two] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    assert!(one.processors[0].pipelined_images_per_s.contains_key("quick"));
    assert!(two.processors[0].pipelined_images_per_s.is_empty());
    assert_eq!(two.processors[0].preprocess_ms.samples.len(), 3);
    assert!(run.notes.iter().any(|note| note.contains("beside the forward ended early")), "{:?}", run.notes);
}

/// `naive` for images of the workload's size alone.
struct Particular(Box<dyn Processor>);

impl Processor for Particular {
    fn name(&self) -> &'static str {
        "particular"
    }

    fn feed(&self) -> Feed {
        Feed::Hwc
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        if let Some(other) = batch.hwc()?.iter().find(|image| (image.width, image.height) != (64, 48)) {
            bail!("{} is as large as its file", other.name);
        }
        self.0.process(batch, clock)
    }
}

#[test]
fn decoding_beside_the_forward_begins_with_the_files() {
    let make = || -> MakeProcessor {
        Arc::new(|_| Ok(Box::new(Particular(create("batched", &Parameters::default(), Device::Cpu, 1)?))))
    };
    let run = measure_from(&[naive()], Box::new(Quick { largest: 99 }), Some(make()), false, &[2]);
    assert!(run.batches[0].processors[0].pipelined_images_per_s.contains_key("quick"));
    // The files hold larger photographs than the workload, which the processor refuses.
    let run = measure_from(&[naive()], Box::new(Quick { largest: 99 }), Some(make()), true, &[2]);
    assert!(run.batches[0].processors[0].pipelined_images_per_s.is_empty());
    assert!(run.notes.iter().any(|note| note.contains("is as large as its file")), "{:?}", run.notes);
    assert!(run.notes.iter().any(|note| note.contains("decoding the files")), "{:?}", run.notes);
}

#[test]
fn settings_of_the_forward_share_what_preprocessing_took() {
    let quick = || Box::new(Quick { largest: 99 });
    let asked = Asked { dtypes: &["f32", "bf16"], batch_sizes: &[1, 2], ..Asked::default() };
    // The second run's forward has no memory for two images.
    let forwards = [in_run(0, quick()), in_run(1, Box::new(Quick { largest: 1 }))];
    let runs = asked.bench(&[naive()], &forwards, &Interrupt::new(false));
    let [first, second] = runs.as_slice() else { panic!("{} runs", runs.len()) };
    assert_eq!([&first.settings.dtype, &second.settings.dtype], ["f32", "bf16"]);
    for (one, other) in first.batches.iter().zip(&second.batches) {
        assert_eq!(one.processors[0].preprocess_ms, other.processors[0].preprocess_ms);
        assert_eq!([one.forwards.len(), other.forwards.len()], [1, 1]);
    }
    assert_ne!(first.batches[0].forwards, second.batches[0].forwards, "each run has its own forward's times");
    assert!(first.batches[1].processors[0].ratio.contains_key("quick"));
    assert!(second.batches[1].processors[0].ratio.is_empty());
    let ended_early = |run: &Run| run.notes.iter().any(|note| note.contains("ended early"));
    assert_eq!([ended_early(first), ended_early(second)], [false, true]);
}

/// A forward that works `calls_left` times; its stages never do.
struct Mortal {
    calls_left: Cell<usize>,
    failure: &'static str,
}

impl Mortal {
    fn boxed(calls_left: usize, failure: &'static str) -> Box<dyn Forward> {
        Box::new(Self { calls_left: Cell::new(calls_left), failure })
    }
}

impl Forward for Mortal {
    fn name(&self) -> &str {
        "mortal"
    }

    fn forward(&self, inputs: &ModelInputs, text: Option<&TextInputs>) -> Result<ModelOutputs> {
        if self.calls_left.get() == 0 {
            bail!(self.failure);
        }
        self.calls_left.set(self.calls_left.get() - 1);
        Quick { largest: 99 }.forward(inputs, text)
    }

    fn positions_ms(&self, _: &ModelInputs, _: Option<&TextInputs>) -> Result<Option<(f64, f64)>> {
        bail!("the stages of this forward cannot be told apart")
    }
}

#[test]
fn a_device_that_is_lost_in_the_last_step_leaves_all_samples() {
    // One call warms up and three are measured; the comparison of the forwards finds the device gone.
    let forwards = [in_run(0, Mortal::boxed(4, LOST)), in_run(0, Box::new(Quick { largest: 99 }))];
    let run = Asked::default().bench(&[naive()], &forwards, &Interrupt::new(false)).remove(0);
    assert!(run.partial);
    assert_eq!(run.batches[0].forwards[0].forward_ms.samples.len(), 3);
    assert!(run.batches[0].processors[0].preprocess_ms.samples.len() >= 3);
    let note = run.notes.iter().find(|note| note.contains("could not be compared")).expect("a note");
    assert!(note.contains(LOST), "{note}");
}

/// `naive`, which fails where its stages are timed.
struct Stageless(Box<dyn Processor>);

impl Processor for Stageless {
    fn name(&self) -> &'static str {
        "stageless"
    }

    fn feed(&self) -> Feed {
        self.0.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        if clock.is_enabled() {
            bail!("the stages of this processor cannot be told apart");
        }
        self.0.process(batch, clock)
    }
}

#[test]
fn stages_that_fail_leave_the_row() {
    let asked = Asked { stages: true, ..Asked::default() };
    let forwards = [in_run(0, Mortal::boxed(99, LOST))];
    let run = asked.bench(&[Box::new(Stageless(naive()))], &forwards, &Interrupt::new(false)).remove(0);
    let batch = &run.batches[0];
    assert!(!run.partial && batch.processors[0].failure.is_none());
    assert!(batch.processors[0].preprocess_ms.samples.len() >= 3);
    assert!(batch.forwards[0].forward_ms.samples.len() >= 3);
    assert!(batch.processors[0].ratio.contains_key("mortal"));
    for which in ["stageless", "the mortal forward"] {
        let told = format!("the stages of {which} could not be timed");
        assert_eq!(run.notes.iter().filter(|note| note.contains(&told)).count(), 1, "{:?}", run.notes);
    }
}

/// `naive`, which counts its calls and interrupts the bench in the first.
struct Interrupting {
    inner: Box<dyn Processor>,
    interrupt: Arc<Interrupt>,
    calls: Arc<AtomicUsize>,
}

impl Processor for Interrupting {
    fn name(&self) -> &'static str {
        "interrupting"
    }

    fn feed(&self) -> Feed {
        self.inner.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.interrupt.store(true, Ordering::Relaxed);
        self.inner.process(batch, clock)
    }
}

#[test]
fn an_interrupt_in_a_warm_up_is_seen_before_the_next_processor() {
    let interrupt = Arc::new(Interrupt::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let processor = || -> Box<dyn Processor> {
        Box::new(Interrupting { inner: naive(), interrupt: interrupt.clone(), calls: calls.clone() })
    };
    let forwards = [in_run(0, Box::new(Quick { largest: 99 }))];
    let run = Asked::default().bench(&[processor(), processor()], &forwards, &interrupt).remove(0);
    assert!(run.partial && run.batches.is_empty());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}
