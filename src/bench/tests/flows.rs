//! Flows from files that fail.

use super::*;
use crate::{
    bench::flows::{Files, Flow, FromFiles},
    workload::{DecodedImage, FileDecoder, Listing},
};

/// A flow that returns the outputs of another until `calls_left` is used up.
struct Mortal {
    inner: Box<dyn Flow>,
    calls_left: Cell<usize>,
    failure: &'static str,
}

impl Flow for Mortal {
    fn name(&self) -> &'static str {
        "mortal"
    }

    fn threads(&self) -> usize {
        1
    }

    fn run(&self, files: &Files<'_>, clock: &mut StageClock) -> Result<ModelInputs> {
        if self.calls_left.get() == 0 {
            bail!(self.failure);
        }
        self.calls_left.set(self.calls_left.get() - 1);
        self.inner.run(files, clock)
    }

    fn decodes_to(&self, files: &Files<'_>, images: &[Arc<DecodedImage>]) -> Result<bool> {
        self.inner.decodes_to(files, images)
    }

    fn computes_on(&self) -> Device {
        self.inner.computes_on()
    }
}

/// A run of `hf-paths`, of `native+fused` and of the latter until it has been called `calls` times.
fn run(calls: usize, failure: &'static str) -> Run {
    let mut bench = Asked::default().built(vec![naive()], vec![in_run(0, Box::new(Quick { largest: 9 }))]);
    let flows = || FromFiles::new(&Parameters::default(), Device::Cpu, 1, true).unwrap();
    let mut from_files = flows();
    from_files.flows.retain(|flow| ["hf-paths", "native+fused"].contains(&flow.name()));
    let inner = flows().flows.pop().unwrap();
    from_files.flows.push(Box::new(Mortal { inner, calls_left: Cell::new(calls), failure }));
    bench.from_files = Some(from_files);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    let listing = Listing::Folder { folder, recursive: false };
    let source = ImageSource::Files { listing, decoder: FileDecoder::native(), skip_bad_files: false };
    let workload = Workload::load_all(&source, &"mixed".parse().unwrap()).unwrap().remove(0);
    let planned = bench.planned(&workload).unwrap();
    let (progress, mut journal) = (ProgressBar::hidden(), Journal::off());
    let (known, interrupt) = (DecodeTimes::new(), Interrupt::new(false));
    bench.measure(&workload, planned, &known, &progress, &interrupt, &mut journal).unwrap().remove(0)
}

#[test]
fn a_flow_that_fails_keeps_its_samples_and_the_others_go_on() {
    // One call warms up; a round takes one call for the time and one for the share of decoding.
    let run = run(4, "the disk is gone");
    let [reference, native, mortal] = run.batches[0].flows.as_slice() else { panic!("{:?}", run.batches) };
    assert!(!run.partial);
    assert_eq!((mortal.failure.as_deref(), mortal.total_ms.samples.len()), (Some("the disk is gone"), 2));
    assert_eq!(mortal.parity, patchmark_results::ParityStatus::Exact);
    for row in [reference, native] {
        assert_eq!((&row.failure, row.total_ms.samples.len() >= 3), (&None, true), "{}", row.name);
    }
}

#[test]
fn a_flow_whose_warm_up_fails_has_a_row_with_the_reason() {
    let run = run(0, "the disk is gone");
    let mortal = &run.batches[0].flows[2];
    assert_eq!(mortal.failure.as_deref(), Some("the disk is gone"));
    assert!(mortal.total_ms.samples.is_empty() && !mortal.must_equal);
}

#[test]
fn a_device_that_is_lost_in_a_flow_ends_the_run() {
    let run = run(2, LOST);
    assert!(run.partial);
    assert!(run.notes.iter().any(|note| note.contains("the GPU was lost")), "{:?}", run.notes);
}
