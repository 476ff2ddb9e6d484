//! Whole benches of fake processors and forwards.

mod disturbance;
mod failures;
mod flows;
mod interrupts;
mod overlap;
mod settings;
mod stages;

use std::{
    cell::Cell,
    sync::{Arc, Mutex, atomic::AtomicUsize},
};

use anyhow::bail;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::{
    bench::{TimedForward, decoders::Decoders, pipeline::MakeProcessor},
    inputs::ModelInputs,
    measure::{Precision, Quiet},
    model::{Forward, ModelOutputs, Tower},
    processor::{FedBatch, Feed, Parameters, Processor, References, StageClock, create},
    workload::ImageSource,
};

const OUT_OF_MEMORY: &str = "CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc";
const LOST: &str = "CUDA error: unspecified launch failure";

/// `batched`, until a batch is too large or `calls_left` is used up.
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

/// A forward that returns at once, and runs out of memory above `largest` images.
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
    processors: Vec<Box<dyn Processor>>,
    forward: Quick,
    pipelined: Option<MakeProcessor>,
    batch_sizes: &[usize],
) -> Run {
    measure_from(processors, Box::new(forward), pipelined, false, batch_sizes)
}

fn measure_from(
    processors: Vec<Box<dyn Processor>>,
    forward: Box<dyn Forward>,
    pipelined: Option<MakeProcessor>,
    decode: bool,
    batch_sizes: &[usize],
) -> Run {
    let asked = Asked { pipelined, decode, batch_sizes, ..Asked::default() };
    asked.bench(processors, vec![in_run(0, forward)], &Interrupt::new(false)).remove(0)
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
    threads: usize,
    batch_sizes: &'a [usize],
    dtypes: &'a [&'a str],
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            pipelined: None,
            decode: false,
            stages: false,
            threads: 1,
            batch_sizes: &[1],
            dtypes: &["f32"],
        }
    }
}

impl Asked<'_> {
    fn bench(
        self,
        processors: Vec<Box<dyn Processor>>,
        forwards: Vec<TimedForward>,
        interrupt: &Interrupt,
    ) -> Vec<Run> {
        let workloads = Workload::load_all(&ImageSource::BuiltIn, &"64x48".parse().unwrap()).unwrap();
        let bench = self.built(processors, forwards);
        let planned = bench.planned(&workloads[0]).unwrap();
        let (progress, mut journal) = (ProgressBar::hidden(), Journal::off());
        let known = DecodeTimes::new();
        bench.measure(&workloads[0], planned, &known, &progress, interrupt, &mut journal).unwrap()
    }

    fn built(self, processors: Vec<Box<dyn Processor>>, forwards: Vec<TimedForward>) -> Bench {
        let settings = |dtype: &&str| RunSettings {
            budget_s: 1e-6,
            threads: self.threads,
            dtype: (*dtype).into(),
            ..RunSettings::default()
        };
        let bench = Bench {
            processors,
            references: References::new(&Parameters::default(), Device::Cpu, 1).unwrap(),
            forwards,
            text: None,
            tokenizer: None,
            batch_sizes: self.batch_sizes.to_vec(),
            device: Device::Cpu,
            stages: self.stages,
            preparers: Vec::new(),
            decoders: Decoders::new(self.threads).unwrap(),
            from_files: None,
            decode: self.decode,
            loaders: None,
            quiet: Quiet::default(),
            settings: self.dtypes.iter().map(settings).collect(),
        };
        match &self.pipelined {
            Some(make) => bench.pipelined(make).unwrap(),
            None => bench,
        }
    }
}

fn naive() -> Box<dyn Processor> {
    create("naive", &Parameters::default(), Device::Cpu, 1).unwrap()
}
