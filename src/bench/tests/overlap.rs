//! Batches that are prepared while the forward runs.

use super::*;

#[test]
fn batches_are_prepared_in_a_thread_and_reported_by_forward() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let make: MakeProcessor = Arc::new(move |name| {
        counter.fetch_add(1, Ordering::Relaxed);
        create(name, &Parameters::default(), Device::Cpu, 1)
    });
    let run = measure(vec![naive()], Quick { largest: 99 }, Some(make), &[1, 2]);
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
    let run = measure(vec![naive()], Quick { largest: 99 }, Some(make), &[1, 2]);
    let [one, two] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    assert!(one.processors[0].pipelined_images_per_s.contains_key("quick"));
    assert!(two.processors[0].pipelined_images_per_s.is_empty());
    assert_eq!(two.processors[0].preprocess_ms.samples.len(), 3);
    assert!(run.notes.iter().any(|note| note.contains("beside the forward ended early")), "{:?}", run.notes);
}

/// A processor that refuses images of any size but the workload's.
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
    let run = measure_from(vec![naive()], Box::new(Quick { largest: 99 }), Some(make()), false, &[2]);
    assert!(run.batches[0].processors[0].pipelined_images_per_s.contains_key("quick"));
    // The files hold larger photographs than the workload, which the processor refuses.
    let run = measure_from(vec![naive()], Box::new(Quick { largest: 99 }), Some(make()), true, &[2]);
    assert!(run.batches[0].processors[0].pipelined_images_per_s.is_empty());
    assert!(run.notes.iter().any(|note| note.contains("is as large as its file")), "{:?}", run.notes);
    assert!(run.notes.iter().any(|note| note.contains("decoding the files")), "{:?}", run.notes);
}
