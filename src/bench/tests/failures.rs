//! Memory runs out, a forward fails, or the device is lost.

use super::*;

#[test]
fn a_processor_without_memory_ends_its_row_and_the_others_go_on() {
    let run =
        measure(vec![Fragile::boxed(1, 99, OUT_OF_MEMORY), naive()], Quick { largest: 99 }, None, &[1, 2]);
    let [one, two] = run.batches.as_slice() else { panic!("{} batches", run.batches.len()) };
    assert!(!run.partial);
    assert_eq!(one.processors[0].failure, None);
    assert_eq!(one.processors[0].preprocess_ms.samples.len(), 3);
    // The first line is the reason; the trace is left out.
    assert_eq!(two.processors[0].failure.as_deref(), OUT_OF_MEMORY.lines().next());
    assert!(two.processors[0].preprocess_ms.samples.is_empty());
    assert_eq!(two.processors[1].preprocess_ms.samples.len(), 3);
}

#[test]
fn a_forward_without_memory_ends_and_preprocessing_is_still_measured() {
    let run = measure(vec![naive()], Quick { largest: 1 }, None, &[1, 2]);
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

/// A forward that fails with a library's message.
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
    let run = measure_from(vec![naive()], Box::new(Broken), None, false, &[1]);
    assert!(!run.partial && run.batches[0].forwards[0].forward_ms.samples.is_empty());
    assert!(run.batches[0].processors[0].preprocess_ms.samples.len() >= 3);
    assert!(run.notes.iter().any(|note| note.contains("Expected the plan to be good")), "{:?}", run.notes);
    assert!(run.notes.iter().all(|note| !note.contains("every ratio's interval")), "{:?}", run.notes);
}

#[test]
fn a_lost_device_ends_the_run_with_what_was_measured() {
    // One call warms up, two are measured, the fourth finds the device gone.
    let run = measure(vec![Fragile::boxed(99, 3, LOST), naive()], Quick { largest: 99 }, None, &[1]);
    assert!(run.partial);
    assert_eq!(run.batches[0].processors[0].preprocess_ms.samples.len(), 2);
    assert!(run.batches[0].processors[1].preprocess_ms.samples.len() >= 2);
    let note = run.notes.iter().find(|note| note.contains("the GPU was lost")).expect("a note");
    assert!(note.contains(LOST) && note.contains("round 3"), "{note}");
}

#[test]
fn a_device_that_is_lost_in_the_warm_up_leaves_a_partial_run() {
    let run = measure(vec![Fragile::boxed(1, 99, LOST), naive()], Quick { largest: 99 }, None, &[1, 2]);
    assert!(run.partial);
    assert_eq!(run.batches.len(), 1);
    assert!(run.notes[0].contains("warm up batch size 2"), "{:?}", run.notes);
}
