//! Ctrl-C.

use patchmark_results::{Document, Saved, journal};
use patchmark_statistics::recover;

use super::*;

/// `naive`, but each call is counted and interrupts the bench.
struct Interrupting {
    inner: Box<dyn Processor>,
    interrupt: Arc<Interrupt>,
    calls: Arc<AtomicUsize>,
    /// The call of all such processors that interrupts, counted from 1.
    at: usize,
}

impl Processor for Interrupting {
    fn name(&self) -> &'static str {
        "interrupting"
    }

    fn feed(&self) -> Feed {
        self.inner.feed()
    }

    fn process(&self, batch: &FedBatch, clock: &mut StageClock) -> Result<ModelInputs> {
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.interrupt.store(true, Ordering::Relaxed);
        }
        self.inner.process(batch, clock)
    }
}

/// A bench of two processors that is interrupted in their call number `at`, and how many calls there were.
fn interrupted_at(at: usize, stages: bool) -> (Run, usize) {
    let interrupt = Arc::new(Interrupt::new(false));
    let calls = Arc::new(AtomicUsize::new(0));
    let processor = || -> Box<dyn Processor> {
        Box::new(Interrupting { inner: naive(), interrupt: interrupt.clone(), calls: calls.clone(), at })
    };
    let forwards = vec![in_run(0, Box::new(Quick { largest: 99 }))];
    let asked = Asked { stages, ..Asked::default() };
    let run = asked.bench(vec![processor(), processor()], forwards, &interrupt).remove(0);
    (run, calls.load(Ordering::Relaxed))
}

#[test]
fn an_interrupt_in_a_warm_up_is_seen_before_the_next_processor() {
    let (run, calls) = interrupted_at(1, false);
    assert!(run.partial && run.batches.is_empty() && !run.is_measured());
    assert_eq!(calls, 1);
}

#[test]
fn an_interrupt_ends_measuring_after_the_current_call_and_keeps_its_sample() {
    // Two calls warm up; the third is the first sample, and would be followed by a pass for its stages.
    let (run, calls) = interrupted_at(3, true);
    assert_eq!(calls, 3);
    assert!(run.partial && run.partial_because == Some(PartialBecause::Interrupted));
    let samples = run.batches[0].processors.iter().map(|row| row.preprocess_ms.samples.len());
    assert_eq!(samples.sum::<usize>(), 1);
    assert!(run.is_measured());
    assert!(run.notes.iter().any(|note| note == "interrupted after 0 whole rounds"), "{:?}", run.notes);
}

#[test]
fn the_journal_holds_every_sample_of_the_run() {
    let root = tempfile::tempdir().unwrap();
    let workloads = Workload::load_all(&ImageSource::BuiltIn, &"64x48".parse().unwrap()).unwrap();
    let asked = Asked { stages: true, batch_sizes: &[1, 2], ..Asked::default() };
    let forwards = vec![in_run(0, Box::new(Quick { largest: 1 }))];
    let bench = asked.built(vec![Fragile::boxed(1, 99, OUT_OF_MEMORY), naive()], forwards);
    let planned = bench.planned(&workloads[0]).unwrap();
    let header = bench.header(&planned, &[PathBuf::new()]);
    let mut journal = Journal::begin(&root.path().join("run"), &header);
    let (known, progress, interrupt) = (DecodeTimes::new(), ProgressBar::hidden(), Interrupt::new(false));
    let run = bench.measure(&workloads[0], planned, &known, &progress, &interrupt, &mut journal).unwrap();
    let contents = journal::read(journal.path().unwrap()).unwrap();
    let recovered = recover::results(contents);
    let [(_, Saved::Run(recovered))] = recovered.as_slice() else { panic!("{recovered:?}") };
    assert_eq!(recovered.batches, run[0].batches);
    // How measuring ended, and what disturbed it, is known only to a run that ended.
    let notes = run[0].notes.iter().filter(|note| note.starts_with("batch 2: "));
    assert!(notes.clone().all(|note| recovered.notes.contains(note)), "{:?}", recovered.notes);
    assert!(notes.count() > 0, "{:?}", run[0].notes);
}
